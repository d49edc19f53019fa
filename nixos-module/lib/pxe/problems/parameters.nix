# What can be wrong with kernel parameters: scripts are served to everybody and
# `/proc/cmdline` is read by everybody, so no secret belongs there.
server:
let
  words = import ./words.nix;
  lists = [
    {
      name = "kernelParameters";
      value = server.kernelParameters;
    }
  ]
  ++ map (name: {
    name = "profiles.${name}.kernelParameters";
    value = server.profiles.${name}.kernelParameters;
  }) (builtins.attrNames server.profiles)
  ++ map (node: {
    name = "nodes.${node.name}.kernelParameters";
    value = node.kernelParameters;
  }) server.nodeList;

  # The name of a parameter that carries a secret, or a URL with a password in it.
  secretName = "(.*[._-])?(password|passwd|passphrase|secret|token|apikey|api_key|private_key|credential)[a-z0-9_-]*=.*";
  secretUrl = ".*://[^/@]*:[^/@]*@.*";
  credential = "systemd[.]set_credential(_binary)?=.*";
  # Public keys are none: this is how an installer learns whom to let in.
  publicKeys = "systemd[.]set_credential_binary=ssh[.]authorized_keys[.]root:[A-Za-z0-9+/=]+";
  isSecret =
    parameter:
    builtins.match publicKeys parameter == null
    && builtins.any (pattern: builtins.match pattern (lower parameter) != null) [
      secretName
      secretUrl
      credential
    ];

  lower = builtins.replaceStrings (splitWord "A B C D E F G H I J K L M N O P Q R S T U V W X Y Z") (
    splitWord "a b c d e f g h i j k l m n o p q r s t u v w x y z"
  );
  splitWord = text: builtins.filter builtins.isString (builtins.split " " text);

  # Only the name is shown: the value may be the secret itself.
  nameOf = parameter: builtins.head (builtins.match "([^=:]*).*" parameter);
  ofParameter =
    name: parameter:
    if isSecret parameter then
      [
        "${name}: ${nameOf parameter} looks like a secret, and everybody can read the kernel's command line; give it as a file or a systemd credential"
      ]
    else if builtins.match "[^[:space:]]+" parameter == null then
      [
        "${name}: \"${parameter}\" is empty or holds white space; write one list entry for each parameter"
      ]
    else if builtins.match ".*[$][{].*" parameter != null then
      [ "${name}: iPXE would replace the \${…} in \"${parameter}\"; write the value itself" ]
    else if !words.isPrinted parameter then
      [
        "${name}: iPXE would read \"${parameter}\" as a word of its own (||, &&, ; and # end a command, a backslash joins lines); leave it out"
      ]
    else if !words.isQuoted parameter then
      [
        "${name}: a quote in ${parameter} is not closed, and what follows on the kernel's command line would be part of it; close it, or leave it out"
      ]
    else
      [ ];
in
builtins.concatMap (list: builtins.concatMap (ofParameter list.name) list.value) lists
