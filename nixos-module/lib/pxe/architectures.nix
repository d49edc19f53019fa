# Which firmware says what in DHCP option 93, and how it fetches its boot loader.
#
# The one table of it (IANA's "Processor Architecture Types"); dnsmasq and kea both read it.
# `loader` names the entry of `loaders` that the firmware can run.
[
  {
    name = "bios";
    loader = "bios";
    codes = [ 0 ];
    http = false;
  }
  {
    name = "efi32";
    loader = "efi32";
    codes = [ 6 ];
    http = false;
  }
  {
    # 9 is what the RFC says, 7 what firmware sends.
    name = "efi64";
    loader = "efi64";
    codes = [
      7
      9
    ];
    http = false;
  }
  {
    name = "arm64";
    loader = "arm64";
    codes = [ 11 ];
    http = false;
  }
  {
    name = "efi32-http";
    loader = "efi32";
    codes = [ 15 ];
    http = true;
  }
  {
    name = "efi64-http";
    loader = "efi64";
    codes = [ 16 ];
    http = true;
  }
  {
    name = "arm64-http";
    loader = "arm64";
    codes = [ 19 ];
    http = true;
  }
]
