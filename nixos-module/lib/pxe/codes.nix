# How codes of option 93 are written: as a byte in hexadecimal, and as vendor classes hold them.
# Must not be given more than a byte.
let
  inherit (builtins) stringLength substring;
  digit = value: substring value 1 "0123456789abcdef";
in
{
  hexadecimal = code: digit (code / 16) + digit (code - code / 16 * 16);

  # PXEClient:Arch:00007
  padded =
    code:
    let
      digits = toString code;
    in
    substring 0 (5 - stringLength digits) "00000" + digits;
}
