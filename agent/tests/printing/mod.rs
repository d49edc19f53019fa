//! What must hold of every command that prints, whichever program it is of (row F21). Must not know the commands.

use std::fs::File;
use std::io::Read;
use std::process::{Command, Output, Stdio};

/// Commands, each with the code that it ends with where it can print.
pub(crate) type Commands = Vec<(Command, i32)>;

pub(crate) fn a_full_device_is_an_error(commands: Commands) {
    for (mut command, code) in commands {
        let printed = command.output().unwrap();
        assert_eq!(printed.status.code(), Some(code), "{command:?}: {}", complaint(&printed));
        assert!(!printed.stdout.is_empty(), "{command:?} prints");
        assert!(!complaint(&printed).contains("standard output"), "{command:?}: {}", complaint(&printed));

        let full = File::options().write(true).open("/dev/full").unwrap();
        let lost = command.stdout(full).output().unwrap();
        assert_eq!(lost.status.code(), Some(1), "{command:?}: {}", complaint(&lost));
        let words = "cannot write to standard output: No space left on device";
        assert_eq!(
            complaint(&lost).matches(words).count(),
            complaint(&lost).matches("standard output").count(),
            "{}",
            complaint(&lost)
        );
        assert!(complaint(&lost).contains(words), "{command:?}: {}", complaint(&lost));
    }
}

pub(crate) fn a_reader_that_goes_away_early_is_no_error(commands: Commands) {
    for (mut command, code) in commands {
        // The reader has closed its end already: even the first byte cannot be written.
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let ended = command.stdout(writer).output().unwrap();
        assert_eq!(ended.status.code(), Some(code), "{command:?}: {}", complaint(&ended));
        assert!(
            !complaint(&ended).contains("standard output") && !complaint(&ended).contains("panicked"),
            "{}",
            complaint(&ended)
        );
    }
}

pub(crate) fn wrong_usage_goes_to_standard_error_and_has_its_code(program: &str) {
    for arguments in [&["no-such-command"][..], &[], &["--no-such-option"]] {
        let mut child =
            Command::new(program).args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut stdout = String::new();
        child.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
        let ended = child.wait_with_output().unwrap();
        assert_eq!((ended.status.code(), stdout.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(complaint(&ended).contains("Usage: "), "{arguments:?}: {}", complaint(&ended));
    }
}

fn complaint(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
