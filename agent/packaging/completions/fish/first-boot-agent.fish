# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_first_boot_agent_global_optspecs
    string join \n config= state-dir= log-format= h/help V/version
end

function __fish_first_boot_agent_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_first_boot_agent_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_first_boot_agent_using_subcommand
    set -l cmd (__fish_first_boot_agent_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c first-boot-agent -n "__fish_first_boot_agent_needs_command" -l config -d 'Read the cluster configuration from FILE, or from standard input (-)' -r -F
complete -c first-boot-agent -n "__fish_first_boot_agent_needs_command" -l state-dir -d 'Keep the markers in DIR' -r -F
complete -c first-boot-agent -n "__fish_first_boot_agent_needs_command" -l log-format -d 'Choose where events go' -r -f -a "auto\t'The journal; text on stderr as well where this is no unit; JSON lines on stdout where no journal listens'
json\t'JSON lines on standard output'
text\t'Text on stderr'"
complete -c first-boot-agent -n "__fish_first_boot_agent_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c first-boot-agent -n "__fish_first_boot_agent_needs_command" -s V -l version -d 'Print version'
complete -c first-boot-agent -n "__fish_first_boot_agent_needs_command" -f -a "join" -d 'Join the cluster of a service, or confirm that it was bootstrapped'
complete -c first-boot-agent -n "__fish_first_boot_agent_needs_command" -f -a "setup" -d 'Set up a service that has no members, such as IAM'
complete -c first-boot-agent -n "__fish_first_boot_agent_needs_command" -f -a "health-check" -d 'Check the health of the cluster'
complete -c first-boot-agent -n "__fish_first_boot_agent_needs_command" -f -a "run" -d 'Run all steps in order in one process'
complete -c first-boot-agent -n "__fish_first_boot_agent_needs_command" -f -a "status" -d 'Show how far this node is and what to do next'
complete -c first-boot-agent -n "__fish_first_boot_agent_needs_command" -f -a "plan" -d 'Show what would be done and why, without changing anything'
complete -c first-boot-agent -n "__fish_first_boot_agent_needs_command" -f -a "leave" -d 'Remove this node from all its clusters and remove its markers'
complete -c first-boot-agent -n "__fish_first_boot_agent_needs_command" -f -a "reset" -d 'Remove this node from a service\'s cluster, stop the service, move its data aside, remove its markers'
complete -c first-boot-agent -n "__fish_first_boot_agent_needs_command" -f -a "initrd" -d 'Find the configuration and inspect the machine in the initrd'
complete -c first-boot-agent -n "__fish_first_boot_agent_needs_command" -f -a "inventory" -d 'Show the hardware of this machine and what is on its disks'
complete -c first-boot-agent -n "__fish_first_boot_agent_needs_command" -f -a "diagnose" -d 'Write a diagnostics file without secrets, for a bug report'
complete -c first-boot-agent -n "__fish_first_boot_agent_needs_command" -f -a "config" -d 'Check and show the cluster configuration'
complete -c first-boot-agent -n "__fish_first_boot_agent_using_subcommand join" -l config -d 'Read the cluster configuration from FILE, or from standard input (-)' -r -F
complete -c first-boot-agent -n "__fish_first_boot_agent_using_subcommand join" -l state-dir -d 'Keep the markers in DIR' -r -F
complete -c first-boot-agent -n "__fish_first_boot_agent_using_subcommand join" -l log-format -d 'Choose where events go' -r -f -a "auto\t'The journal; text on stderr as well where this is no unit; JSON lines on stdout where no journal listens'
json\t'JSON lines on standard output'
text\t'Text on stderr'"
complete -c first-boot-agent -n "__fish_first_boot_agent_using_subcommand join" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c first-boot-agent -n "__fish_first_boot_agent_using_subcommand setup" -l config -d 'Read the cluster configuration from FILE, or from standard input (-)' -r -F
complete -c first-boot-agent -n "__fish_first_boot_agent_using_subcommand setup" -l state-dir -d 'Keep the markers in DIR' -r -F
complete -c first-boot-agent -n "__fish_first_boot_agent_using_subcommand setup" -l log-format -d 'Choose where events go' -r -f -a "auto\t'The journal; text on stderr as well where this is no unit; JSON lines on stdout where no journal listens'
json\t'JSON lines on standard output'
text\t'Text on stderr'"
complete -c first-boot-agent -n "__fish_first_boot_agent_using_subcommand setup" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c first-boot-agent -n "__fish_first_boot_agent_using_subcommand health-check" -l config -d 'Read the cluster configuration from FILE, or from standard input (-)' -r -F
complete -c first-boot-agent -n "__fish_first_boot_agent_using_subcommand health-check" -l state-dir -d 'Keep the markers in DIR' -r -F
complete -c first-boot-agent -n "__fish_first_boot_agent_using_subcommand health-check" -l log-format -d 'Choose where events go' -r -f -a "auto\t'The journal; text on stderr as well where this is no unit; JSON lines on stdout where no journal listens'
json\t'JSON lines on standard output'
text\t'Text on stderr'"
complete -c first-boot-agent -n "__fish_first_boot_agent_using_subcommand health-check" -l wait -d 'Check again until the cluster is healthy, at most for policies.health.limit'
complete -c first-boot-agent -n "__fish_first_boot_agent_using_subcommand health-check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c first-boot-agent -n "__fish_first_boot_agent_using_subcommand run" -l config -d 'Read the cluster configuration from FILE, or from standard input (-)' -r -F
complete -c first-boot-agent -n "__fish_first_boot_agent_using_subcommand run" -l state-dir -d 'Keep the markers in DIR' -r -F
complete -c first-boot-agent -n "__fish_first_boot_agent_using_subcommand run" -l log-format -d 'Choose where events go' -r -f -a "auto\t'The journal; text on stderr as well where this is no unit; JSON lines on stdout where no journal listens'
json\t'JSON lines on standard output'
text\t'Text on stderr'"
complete -c first-boot-agent -n "__fish_first_boot_agent_using_subcommand run" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c first-boot-agent -n "__fish_first_boot_agent_using_subcommand status" -l timeout -d 'Stop waiting after TIME, such as 90s, 10min or 1h; the exit code is 1 then' -r
complete -c first-boot-agent -n "__fish_first_boot_agent_using_subcommand status" -l output -d 'Write the metrics to FILE, replacing it atomically' -r -F
complete -c first-boot-agent -n "__fish_first_boot_agent_using_subcommand status" -l config -d 'Read the cluster configuration from FILE, or from standard input (-)' -r -F
complete -c first-boot-agent -n "__fish_first_boot_agent_using_subcommand status" -l state-dir -d 'Keep the markers in DIR' -r -F
complete -c first-boot-agent -n "__fish_first_boot_agent_using_subcommand status" -l log-format -d 'Choose where events go' -r -f -a "auto\t'The journal; text on stderr as well where this is no unit; JSON lines on stdout where no journal listens'
json\t'JSON lines on standard output'
text\t'Text on stderr'"
complete -c first-boot-agent -n "__fish_first_boot_agent_using_subcommand status" -l json -d 'Print JSON; with --watch, one object per line'
complete -c first-boot-agent -n "__fish_first_boot_agent_using_subcommand status" -l wait -d 'Wait until the node is a healthy member or blocked; print changes on standard error'
complete -c first-boot-agent -n "__fish_first_boot_agent_using_subcommand status" -l watch -d 'Show changes as they happen; with --wait, until that returns'
complete -c first-boot-agent -n "__fish_first_boot_agent_using_subcommand status" -l prometheus -d 'Print metrics for Prometheus; the exit code says only whether they were written'
complete -c first-boot-agent -n "__fish_first_boot_agent_using_subcommand status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c first-boot-agent -n "__fish_first_boot_agent_using_subcommand plan" -l config -d 'Read the cluster configuration from FILE, or from standard input (-)' -r -F
complete -c first-boot-agent -n "__fish_first_boot_agent_using_subcommand plan" -l state-dir -d 'Keep the markers in DIR' -r -F
complete -c first-boot-agent -n "__fish_first_boot_agent_using_subcommand plan" -l log-format -d 'Choose where events go' -r -f -a "auto\t'The journal; text on stderr as well where this is no unit; JSON lines on stdout where no journal listens'
json\t'JSON lines on standard output'
text\t'Text on stderr'"
complete -c first-boot-agent -n "__fish_first_boot_agent_using_subcommand plan" -l json -d 'Print JSON'
complete -c first-boot-agent -n "__fish_first_boot_agent_using_subcommand plan" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c first-boot-agent -n "__fish_first_boot_agent_using_subcommand leave" -l config -d 'Read the cluster configuration from FILE, or from standard input (-)' -r -F
complete -c first-boot-agent -n "__fish_first_boot_agent_using_subcommand leave" -l state-dir -d 'Keep the markers in DIR' -r -F
complete -c first-boot-agent -n "__fish_first_boot_agent_using_subcommand leave" -l log-format -d 'Choose where events go' -r -f -a "auto\t'The journal; text on stderr as well where this is no unit; JSON lines on stdout where no journal listens'
json\t'JSON lines on standard output'
text\t'Text on stderr'"
complete -c first-boot-agent -n "__fish_first_boot_agent_using_subcommand leave" -l accept-quorum-loss -d 'Go on even if the cluster loses its quorum; a reset also if no member answers'
complete -c first-boot-agent -n "__fish_first_boot_agent_using_subcommand leave" -l dry-run -d 'Show what would be done and check that nothing refuses it; change nothing'
complete -c first-boot-agent -n "__fish_first_boot_agent_using_subcommand leave" -s y -l yes -d 'Do not ask for confirmation on a terminal'
complete -c first-boot-agent -n "__fish_first_boot_agent_using_subcommand leave" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c first-boot-agent -n "__fish_first_boot_agent_using_subcommand reset" -l config -d 'Read the cluster configuration from FILE, or from standard input (-)' -r -F
complete -c first-boot-agent -n "__fish_first_boot_agent_using_subcommand reset" -l state-dir -d 'Keep the markers in DIR' -r -F
complete -c first-boot-agent -n "__fish_first_boot_agent_using_subcommand reset" -l log-format -d 'Choose where events go' -r -f -a "auto\t'The journal; text on stderr as well where this is no unit; JSON lines on stdout where no journal listens'
json\t'JSON lines on standard output'
text\t'Text on stderr'"
complete -c first-boot-agent -n "__fish_first_boot_agent_using_subcommand reset" -l accept-quorum-loss -d 'Go on even if the cluster loses its quorum; a reset also if no member answers'
complete -c first-boot-agent -n "__fish_first_boot_agent_using_subcommand reset" -l dry-run -d 'Show what would be done and check that nothing refuses it; change nothing'
complete -c first-boot-agent -n "__fish_first_boot_agent_using_subcommand reset" -s y -l yes -d 'Do not ask for confirmation on a terminal'
complete -c first-boot-agent -n "__fish_first_boot_agent_using_subcommand reset" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c first-boot-agent -n "__fish_first_boot_agent_using_subcommand initrd" -l config -d 'Read the cluster configuration from FILE, or from standard input (-)' -r -F
complete -c first-boot-agent -n "__fish_first_boot_agent_using_subcommand initrd" -l state-dir -d 'Keep the markers in DIR' -r -F
complete -c first-boot-agent -n "__fish_first_boot_agent_using_subcommand initrd" -l log-format -d 'Choose where events go' -r -f -a "auto\t'The journal; text on stderr as well where this is no unit; JSON lines on stdout where no journal listens'
json\t'JSON lines on standard output'
text\t'Text on stderr'"
complete -c first-boot-agent -n "__fish_first_boot_agent_using_subcommand initrd" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c first-boot-agent -n "__fish_first_boot_agent_using_subcommand inventory" -l config -d 'Read the cluster configuration from FILE, or from standard input (-)' -r -F
complete -c first-boot-agent -n "__fish_first_boot_agent_using_subcommand inventory" -l state-dir -d 'Keep the markers in DIR' -r -F
complete -c first-boot-agent -n "__fish_first_boot_agent_using_subcommand inventory" -l log-format -d 'Choose where events go' -r -f -a "auto\t'The journal; text on stderr as well where this is no unit; JSON lines on stdout where no journal listens'
json\t'JSON lines on standard output'
text\t'Text on stderr'"
complete -c first-boot-agent -n "__fish_first_boot_agent_using_subcommand inventory" -l json -d 'Print JSON'
complete -c first-boot-agent -n "__fish_first_boot_agent_using_subcommand inventory" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c first-boot-agent -n "__fish_first_boot_agent_using_subcommand diagnose" -l output -d 'Write to FILE, which must not exist, or to standard output (-)' -r -F
complete -c first-boot-agent -n "__fish_first_boot_agent_using_subcommand diagnose" -l config -d 'Read the cluster configuration from FILE, or from standard input (-)' -r -F
complete -c first-boot-agent -n "__fish_first_boot_agent_using_subcommand diagnose" -l state-dir -d 'Keep the markers in DIR' -r -F
complete -c first-boot-agent -n "__fish_first_boot_agent_using_subcommand diagnose" -l log-format -d 'Choose where events go' -r -f -a "auto\t'The journal; text on stderr as well where this is no unit; JSON lines on stdout where no journal listens'
json\t'JSON lines on standard output'
text\t'Text on stderr'"
complete -c first-boot-agent -n "__fish_first_boot_agent_using_subcommand diagnose" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c first-boot-agent -n "__fish_first_boot_agent_using_subcommand config; and not __fish_seen_subcommand_from validate show schema example" -l config -d 'Read the cluster configuration from FILE, or from standard input (-)' -r -F
complete -c first-boot-agent -n "__fish_first_boot_agent_using_subcommand config; and not __fish_seen_subcommand_from validate show schema example" -l state-dir -d 'Keep the markers in DIR' -r -F
complete -c first-boot-agent -n "__fish_first_boot_agent_using_subcommand config; and not __fish_seen_subcommand_from validate show schema example" -l log-format -d 'Choose where events go' -r -f -a "auto\t'The journal; text on stderr as well where this is no unit; JSON lines on stdout where no journal listens'
json\t'JSON lines on standard output'
text\t'Text on stderr'"
complete -c first-boot-agent -n "__fish_first_boot_agent_using_subcommand config; and not __fish_seen_subcommand_from validate show schema example" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c first-boot-agent -n "__fish_first_boot_agent_using_subcommand config; and not __fish_seen_subcommand_from validate show schema example" -f -a "validate" -d 'Check the configuration and the files it names, and list all problems'
complete -c first-boot-agent -n "__fish_first_boot_agent_using_subcommand config; and not __fish_seen_subcommand_from validate show schema example" -f -a "show" -d 'Show every value and where it comes from'
complete -c first-boot-agent -n "__fish_first_boot_agent_using_subcommand config; and not __fish_seen_subcommand_from validate show schema example" -f -a "schema" -d 'Print the JSON Schema of the configuration'
complete -c first-boot-agent -n "__fish_first_boot_agent_using_subcommand config; and not __fish_seen_subcommand_from validate show schema example" -f -a "example" -d 'Print an example configuration'
complete -c first-boot-agent -n "__fish_first_boot_agent_using_subcommand config; and __fish_seen_subcommand_from validate" -l config -d 'Read the cluster configuration from FILE, or from standard input (-)' -r -F
complete -c first-boot-agent -n "__fish_first_boot_agent_using_subcommand config; and __fish_seen_subcommand_from validate" -l state-dir -d 'Keep the markers in DIR' -r -F
complete -c first-boot-agent -n "__fish_first_boot_agent_using_subcommand config; and __fish_seen_subcommand_from validate" -l log-format -d 'Choose where events go' -r -f -a "auto\t'The journal; text on stderr as well where this is no unit; JSON lines on stdout where no journal listens'
json\t'JSON lines on standard output'
text\t'Text on stderr'"
complete -c first-boot-agent -n "__fish_first_boot_agent_using_subcommand config; and __fish_seen_subcommand_from validate" -l strict -d 'Treat warnings about the configuration as errors, and print advice'
complete -c first-boot-agent -n "__fish_first_boot_agent_using_subcommand config; and __fish_seen_subcommand_from validate" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c first-boot-agent -n "__fish_first_boot_agent_using_subcommand config; and __fish_seen_subcommand_from show" -l config -d 'Read the cluster configuration from FILE, or from standard input (-)' -r -F
complete -c first-boot-agent -n "__fish_first_boot_agent_using_subcommand config; and __fish_seen_subcommand_from show" -l state-dir -d 'Keep the markers in DIR' -r -F
complete -c first-boot-agent -n "__fish_first_boot_agent_using_subcommand config; and __fish_seen_subcommand_from show" -l log-format -d 'Choose where events go' -r -f -a "auto\t'The journal; text on stderr as well where this is no unit; JSON lines on stdout where no journal listens'
json\t'JSON lines on standard output'
text\t'Text on stderr'"
complete -c first-boot-agent -n "__fish_first_boot_agent_using_subcommand config; and __fish_seen_subcommand_from show" -l json -d 'Print JSON'
complete -c first-boot-agent -n "__fish_first_boot_agent_using_subcommand config; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c first-boot-agent -n "__fish_first_boot_agent_using_subcommand config; and __fish_seen_subcommand_from schema" -l config -d 'Read the cluster configuration from FILE, or from standard input (-)' -r -F
complete -c first-boot-agent -n "__fish_first_boot_agent_using_subcommand config; and __fish_seen_subcommand_from schema" -l state-dir -d 'Keep the markers in DIR' -r -F
complete -c first-boot-agent -n "__fish_first_boot_agent_using_subcommand config; and __fish_seen_subcommand_from schema" -l log-format -d 'Choose where events go' -r -f -a "auto\t'The journal; text on stderr as well where this is no unit; JSON lines on stdout where no journal listens'
json\t'JSON lines on standard output'
text\t'Text on stderr'"
complete -c first-boot-agent -n "__fish_first_boot_agent_using_subcommand config; and __fish_seen_subcommand_from schema" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c first-boot-agent -n "__fish_first_boot_agent_using_subcommand config; and __fish_seen_subcommand_from example" -l config -d 'Read the cluster configuration from FILE, or from standard input (-)' -r -F
complete -c first-boot-agent -n "__fish_first_boot_agent_using_subcommand config; and __fish_seen_subcommand_from example" -l state-dir -d 'Keep the markers in DIR' -r -F
complete -c first-boot-agent -n "__fish_first_boot_agent_using_subcommand config; and __fish_seen_subcommand_from example" -l log-format -d 'Choose where events go' -r -f -a "auto\t'The journal; text on stderr as well where this is no unit; JSON lines on stdout where no journal listens'
json\t'JSON lines on standard output'
text\t'Text on stderr'"
complete -c first-boot-agent -n "__fish_first_boot_agent_using_subcommand config; and __fish_seen_subcommand_from example" -s h -l help -d 'Print help (see more with \'--help\')'
