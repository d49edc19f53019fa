# Phrases of iPXE's script language that several scripts use.
{
  # Try again for ever, after 1, 2, 4 … 32 seconds; each time say why, and offer the menu's way out.
  # Every step is tried in turn; the first that fails ends a round.
  persistently =
    {
      label,
      what,
      steps,
      remedy,
    }:
    [
      "set wait:int32 1"
      ":${label}"
    ]
    ++ map (step: "${step} || goto ${label}_failed") steps
    ++ [
      "goto ${label}_done"
      ":${label}_failed"
      "echo Could not get ${what}; the line above says why. ${remedy}"
      "prompt --key s --timeout \${wait}000 Next try in \${wait} s; press s for a shell && shell ||"
      "iseq \${wait} 32 || inc wait \${wait}"
      "goto ${label}"
      ":${label}_done"
    ];

  # BIOS needs the number of the disk; UEFI continues with its own boot order.
  localDisk = [
    "iseq \${platform} pcbios && sanboot --no-describe --drive 0x80 ||"
    "exit"
  ];
}
