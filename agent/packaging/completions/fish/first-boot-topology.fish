# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_first_boot_topology_global_optspecs
    string join \n h/help V/version
end

function __fish_first_boot_topology_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_first_boot_topology_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_first_boot_topology_using_subcommand
    set -l cmd (__fish_first_boot_topology_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c first-boot-topology -n "__fish_first_boot_topology_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c first-boot-topology -n "__fish_first_boot_topology_needs_command" -s V -l version -d 'Print version'
complete -c first-boot-topology -n "__fish_first_boot_topology_needs_command" -f -a "check" -d 'List everything that is wrong with the topology, and warn of what may surprise'
complete -c first-boot-topology -n "__fish_first_boot_topology_needs_command" -f -a "render" -d 'Print the configurations, or write each to a file of mode 0600; nothing if the topology has problems'
complete -c first-boot-topology -n "__fish_first_boot_topology_using_subcommand check" -s h -l help -d 'Print help'
complete -c first-boot-topology -n "__fish_first_boot_topology_using_subcommand render" -l node -d 'Only this node' -r
complete -c first-boot-topology -n "__fish_first_boot_topology_using_subcommand render" -l output-dir -d 'Write NODE.json there instead of printing' -r -F
complete -c first-boot-topology -n "__fish_first_boot_topology_using_subcommand render" -s h -l help -d 'Print help'
