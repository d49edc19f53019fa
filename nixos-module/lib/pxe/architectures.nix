# What firmware sends in DHCP option 93 (IANA's "Processor Architecture Types").
#
# The only such table; dnsmasq and kea both read it. `name` is the entry of `loaders` that the firmware
# can run, `codes` what it says of itself when it loads by TFTP, `httpCodes` by HTTP. How it loads is
# for its vendor class to say: some list both.
[
  {
    name = "bios";
    codes = [ 0 ];
    httpCodes = [ ];
  }
  {
    name = "efi32";
    codes = [ 6 ];
    httpCodes = [ 15 ];
  }
  {
    # 9 is what the RFC says, 7 what firmware sends.
    name = "efi64";
    codes = [
      7
      9
    ];
    httpCodes = [ 16 ];
  }
  {
    name = "arm64";
    codes = [ 11 ];
    httpCodes = [ 19 ];
  }
]
