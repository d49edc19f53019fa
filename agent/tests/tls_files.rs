//! This node's TLS files as operators get them wrong, made with the real openssl: each is named, with a command that is run here
//! and must help.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[allow(dead_code, reason = "each test file uses its share")]
mod openssl;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use first_boot_agent::config::TlsPaths;
use first_boot_agent::http::{TlsFindings, tls_findings};
use first_boot_agent::plan::Cause;
use openssl::{Ca, EC, P521};

const USUAL: &str = "subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth";
const RSA: &[&str] = &["rsa", "-pkeyopt", "rsa_keygen_bits:2048"];
const PASSPHRASE: &str = "pass:c4nary";

/// A node's three files, sound ones, in the folder of their CA.
struct Files {
    ca: Ca,
}

impl Files {
    fn new(key: &[&str]) -> Self {
        let ca = Ca::create(EC);
        ca.issue("node", key, USUAL);
        Self { ca }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.ca.path().join(name)
    }

    fn names(&self) -> BTreeSet<OsString> {
        fs::read_dir(self.ca.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect()
    }

    fn paths(&self) -> TlsPaths {
        TlsPaths {
            ca: self.path("ca.crt"),
            certificate: self.path("node.crt"),
            key: self.path("node.key"),
            identity_required: true,
        }
    }

    fn findings(&self) -> TlsFindings {
        tls_findings(&self.paths())
    }

    /// Puts what openssl makes of these arguments in the place of a file, which keeps its mode.
    fn replace(&self, name: &str, arguments: &[&str]) {
        self.ca.openssl(&[arguments, &["-in", name, "-out", "made"]].concat());
        self.put(name, &fs::read(self.path("made")).unwrap());
    }

    fn put(&self, name: &str, bytes: &[u8]) {
        let mode = if name.ends_with("key") { 0o600 } else { 0o644 };
        fs::write(self.path(name), bytes).unwrap();
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(mode)).unwrap();
    }

    /// The one refusal: its cause, and the reason with the remedy.
    fn refusal(&self) -> (Cause, String) {
        let found = self.findings();
        assert_eq!(found.refused.len(), 1, "{found:?}");
        let said = format!("{}; {}", found.refused[0].reason, found.refused[0].remedy);
        assert!(!said.contains("::") && !said.contains('{') && !said.contains("c4nary"), "{said}");
        (found.refused[0].cause, said)
    }

    fn is_refused(&self, what: &str, parts: &[&str]) -> String {
        let (cause, said) = self.refusal();
        assert_eq!(cause, Cause::OwnFile, "{what}: {said}");
        for part in parts {
            assert!(said.contains(part), "{what}: not said: {part}\n{said}");
        }
        said
    }

    fn is_sound(&self, what: &str) {
        let found = self.findings();
        assert!(found.refused.is_empty() && found.missing.is_empty() && found.remarks.is_empty(), "{what}: {found:?}");
    }
}

/// Runs the command of a remedy as an operator does, who types the passphrase where it is asked for. It succeeds.
fn run_remedy(said: &str) {
    let (succeeds, shown) = run_command(said);
    assert!(succeeds, "{said}: {shown}");
}

fn run_command(said: &str) -> (bool, String) {
    let (_, command) = said.rsplit_once(" it: ").unwrap();
    // Without a terminal, openssl reads the passphrase from its input.
    let mut shell = Command::new("setsid")
        .args(["sh", "-c", &format!("umask 022; {command}")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that asks for none may be over already.
    let _ = shell.stdin.take().unwrap().write_all(b"c4nary\n");
    let ended = shell.wait_with_output().unwrap();
    let shown = String::from_utf8_lossy(&ended.stdout).into_owned() + &String::from_utf8_lossy(&ended.stderr);
    assert!(!shown.contains("PRIVATE KEY"), "it shows the key: {command}: {shown}");
    (ended.status.success(), shown)
}

fn mode_of(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn f32_a_key_in_another_form_is_named_and_its_command_makes_it_right() {
    let rows: &[(&str, &[&str], &[&str], &str)] = &[
        ("PKCS#8 in DER", EC, &["pkey", "-outform", "DER"], "a private key in DER form"),
        ("RSA, PKCS#8 in DER", RSA, &["pkey", "-outform", "DER"], "a private key in DER form"),
        ("SEC1 in DER", EC, &["ec", "-outform", "DER"], "a private key in DER form"),
        ("PKCS#1 in DER", RSA, &["rsa", "-traditional", "-outform", "DER"], "a private key in DER form"),
        ("PKCS#8 with a passphrase", EC, &["pkcs8", "-topk8", "-passout", PASSPHRASE], "protected by a passphrase"),
        ("SEC1 with a passphrase", EC, &["ec", "-aes256", "-passout", PASSPHRASE], "protected by a passphrase"),
        (
            "PKCS#1 with a passphrase",
            RSA,
            &["rsa", "-traditional", "-aes256", "-passout", PASSPHRASE],
            "protected by a passphrase",
        ),
        (
            "PKCS#8 with a passphrase in DER",
            EC,
            &["pkcs8", "-topk8", "-outform", "DER", "-passout", PASSPHRASE],
            "protected by a passphrase, which nobody can type when a machine boots, and in DER form",
        ),
    ];
    for (what, key, make, says) in rows {
        let files = Files::new(key);
        files.is_sound(what);
        files.replace("node.key", make);
        let said = files.is_refused(what, &[says]);
        files.put("node.key.new", b"precious");
        let before = files.names();
        run_remedy(&said);
        files.is_sound(what);
        assert_eq!(mode_of(&files.path("node.key")), 0o600, "{what}");
        assert_eq!(files.names(), before, "{what}");
        assert_eq!(files.ca.read("node.key.new"), "precious", "{what}");
    }
}

#[test]
fn f32_a_certificate_in_another_form_is_named_and_its_command_makes_it_right() {
    for name in ["node.crt", "ca.crt"] {
        let rows: &[(&str, &[&str], &str)] = &[
            ("DER", &["x509", "-outform", "DER"], "a certificate in DER form"),
            ("openssl's own label", &["x509", "-trustout"], "a label that only openssl knows"),
        ];
        for (what, make, says) in rows {
            let files = Files::new(EC);
            files.replace(name, make);
            run_remedy(&files.is_refused(what, &[says, "openssl x509"]));
            files.is_sound(what);
            assert_eq!(mode_of(&files.path(name)), 0o644, "{what}");
        }
        for (form, says) in [("PEM", "as PKCS#7; "), ("DER", "as PKCS#7 in DER form")] {
            let files = Files::new(EC);
            files.ca.openssl(&["crl2pkcs7", "-nocrl", "-certfile", name, "-outform", form, "-out", "made"]);
            files.put(name, &fs::read(files.path("made")).unwrap());
            run_remedy(&files.is_refused(form, &[says]));
            files.is_sound(form);
        }
    }
}

#[test]
fn f32_pkcs12_is_taken_apart_and_kept() {
    let files = Files::new(EC);
    let bundle = ["pkcs12", "-export", "-inkey", "node.key", "-in", "node.crt", "-out", "made", "-passout", PASSPHRASE];
    files.ca.openssl(&bundle);
    let whole = fs::read(files.path("made")).unwrap();
    for name in ["node.crt", "node.key"] {
        files.put(name, &whole);
        let said = files.is_refused(name, &["it is a PKCS#12 file", "openssl pkcs12"]);
        let kept = format!("{name}.p12");
        files.put(&kept, b"precious");
        assert!(!run_command(&said).0, "{said}");
        assert_eq!((files.ca.read(&kept).as_str(), fs::read(files.path(name)).unwrap()), ("precious", whole.clone()));
        fs::remove_file(files.path(&kept)).unwrap();
        run_remedy(&said);
        assert_eq!(fs::read(files.path(&kept)).unwrap(), whole);
    }
    files.is_sound("out of PKCS#12");
    assert_eq!(mode_of(&files.path("node.key")), 0o600);
}

#[test]
fn f32_text_of_windows_is_read_or_named() {
    let utf16 = |text: &str, mark: bool| {
        let units = mark.then_some(0xfeff).into_iter().chain(text.encode_utf16());
        units.flat_map(u16::to_le_bytes).collect::<Vec<u8>>()
    };
    for name in ["ca.crt", "node.crt", "node.key"] {
        let files = Files::new(EC);
        let text = files.ca.read(name);
        files.put(name, format!("\u{feff}{}", text.replace('\n', "\r\n")).as_bytes());
        files.is_sound("a byte order mark, and carriage returns");
        for mark in [true, false] {
            files.put(name, &utf16(&text, mark));
            run_remedy(&files.is_refused(name, &["UTF-16", "iconv"]));
            files.is_sound(name);
        }
    }
    let files = Files::new(EC);
    files.put("node.key", files.ca.read("node.key").replace('\n', "\n  ").replacen("--", "  --", 1).as_bytes());
    files.is_refused("indented", &["at the beginning of a line"]);
}

#[test]
fn f32_a_key_of_ssh_is_named() {
    let files = Files::new(EC);
    fs::remove_file(files.path("node.key")).unwrap();
    let made = Command::new("ssh-keygen")
        .args(["-q", "-t", "ecdsa", "-N", "", "-f"])
        .arg(files.path("node.key"))
        .stdin(Stdio::null())
        .status();
    if !made.is_ok_and(|status| status.success()) {
        return;
    }
    let said = files.is_refused("a key of SSH", &["it is a key of SSH"]);
    let (_, command) = said.rsplit_once(": ").unwrap();
    assert!(Command::new("sh").args(["-c", command]).stdout(Stdio::null()).status().unwrap().success(), "{command}");
    files.is_refused("a key in the right form", &["is not the key of"]);
}

#[test]
fn f16_a_certificate_that_nobody_accepts_is_named_and_not_its_key() {
    let files = Files::new(EC);
    files.ca.issue("node", EC, "");
    let said = files
        .is_refused("version 1", &["the certificate ", "X.509 version 1", "issue it with extensions (subjectAltName)"]);
    assert!(!said.contains("node.key"), "{said}");
    for (what, key, says) in [
        ("P-521", P521, "its key is P-521 (secp521r1), which is not supported"),
        ("secp256k1", &["ec", "-pkeyopt", "ec_paramgen_curve:secp256k1"], "its key is secp256k1"),
        ("brainpool", &["ec", "-pkeyopt", "ec_paramgen_curve:brainpoolP256r1"], "its key is brainpoolP256r1"),
        ("Ed448", &["ed448"], "its key is Ed448"),
        ("RSA-PSS", &["rsa-pss", "-pkeyopt", "rsa_keygen_bits:2048"], "its key is RSA-PSS"),
        ("RSA of 1024 bits", &["rsa", "-pkeyopt", "rsa_keygen_bits:1024"], "its key is RSA of 1024 bits"),
    ] {
        let files = Files::new(key);
        files.is_refused(what, &["the certificate ", says, "issue one for another key: RSA of 2048 to 4096 bits"]);
    }
    for (what, key) in
        [("Ed25519", &["ed25519"][..]), ("P-384", &["ec", "-pkeyopt", "ec_paramgen_curve:P-384"]), ("RSA", RSA)]
    {
        Files::new(key).is_sound(what);
    }
    let files = Files::new(EC);
    files.ca.openssl(&["dsaparam", "-genkey", "-out", "dsa.key", "1024"]);
    files.put("node.key", files.ca.read("dsa.key").as_bytes());
    let said = files.is_refused("a DSA key", &["node.key"]);
    assert!(said.contains("DSA") || said.contains("unsupported kind, and that of"), "{said}");
}

#[test]
fn f16_what_is_not_what_it_should_be_is_named() {
    let files = Files::new(EC);
    let (certificate, key, request) = (files.ca.read("node.crt"), files.ca.read("node.key"), files.ca.read("node.csr"));
    files.ca.openssl(&["pkey", "-in", "node.key", "-pubout", "-out", "node.pub"]);
    files.ca.openssl(&["req", "-in", "node.csr", "-outform", "DER", "-out", "node.csr.der"]);
    let public = files.ca.read("node.pub");
    let half = &certificate[..certificate.len() / 2];
    let broken = certificate.replacen("MII", "M*I", 1);
    let rows: &[(&str, &str, &[u8], &[&str])] = &[
        (
            "a request",
            "node.crt",
            request.as_bytes(),
            &["a certificate request and no certificate", "have a CA sign it"],
        ),
        ("a request as CA", "ca.crt", request.as_bytes(), &["ca.crt cannot be used", "a certificate request"]),
        (
            "a request in DER",
            "node.crt",
            &fs::read(files.path("node.csr.der")).unwrap(),
            &["a certificate request and no certificate"],
        ),
        ("nothing", "node.crt", b"", &["node.crt cannot be used: it is empty"]),
        ("nothing", "node.key", b"\n", &["node.key cannot be used: it is empty"]),
        ("nothing", "ca.crt", b"", &["ca.crt cannot be used: it is empty"]),
        ("zeros", "node.key", &[0; 4096], &["zero bytes, as after a power cut"]),
        ("a certificate", "node.key", certificate.as_bytes(), &["a certificate and no private key", "swapped"]),
        ("the public half", "node.key", public.as_bytes(), &["the public half of a key"]),
        ("a page", "node.crt", b"<!doctype html>", &["no certificate in PEM form"]),
        ("half", "node.crt", half.as_bytes(), &["cut off", "-----END"]),
        ("broken", "node.crt", broken.as_bytes(), &["not base64"]),
        ("noise", "node.crt", b"\x30\x82\xff\xff\xff", &["no certificate in PEM form"]),
    ];
    for (what, name, bytes, says) in rows {
        let whole = fs::read(files.path(name)).unwrap();
        files.put(name, bytes);
        files.is_refused(what, says);
        files.put(name, &whole);
    }
    files.is_sound("as before");

    files.put("node.crt", key.as_bytes());
    let refused = files.findings().refused;
    assert_eq!(refused.len(), 2, "where it is, and that others can read it: {refused:?}");
    assert_eq!((refused[0].cause, refused[1].cause), (Cause::Secret, Cause::OwnFile), "{refused:?}");
    fs::set_permissions(files.path("node.crt"), fs::Permissions::from_mode(0o600)).unwrap();
    files.is_refused("a key", &["node.crt cannot be used: it holds a private key and no certificate", "swapped"]);
}

#[test]
fn f16_order_and_number_in_a_file_are_minded_as_far_as_they_matter() {
    let files = Files::new(EC);
    let (ca, certificate, key) = (files.ca.read("ca.crt"), files.ca.read("node.crt"), files.ca.read("node.key"));
    files.put("node.crt", (certificate.clone() + &ca).as_bytes());
    files.is_sound("a chain");
    files.put("node.crt", (ca + &certificate).as_bytes());
    files.is_refused("the CA first", &["in the wrong order", "is the key of its certificate number 2"]);
    files.put("node.crt", certificate.as_bytes());

    files.ca.make_key("other", EC);
    let other = files.ca.read("other.key");
    for both in [key.clone() + &other, other.clone() + &key] {
        files.put("node.key", both.as_bytes());
        files.is_sound("the key that fits is taken");
    }
    files.put("node.key", (other.clone() + &other).as_bytes());
    files.is_refused("others' keys", &["has 2 private keys, and none is the key of"]);
    files.put("node.key", other.as_bytes());
    files.is_refused("another's key", &["node.key is not the key of "]);

    // One file for both, as many servers want it.
    files.put("node.key", (key + &certificate).as_bytes());
    let both = TlsPaths { certificate: files.path("node.key"), ..files.paths() };
    assert!(tls_findings(&both).refused.is_empty(), "{:?}", tls_findings(&both));
    fs::set_permissions(files.path("node.key"), fs::Permissions::from_mode(0o644)).unwrap();
    let refused = tls_findings(&both).refused;
    assert_eq!((refused.len(), refused[0].cause), (1, Cause::Secret), "once for one file: {refused:?}");
}

#[test]
fn f16_what_one_peer_may_refuse_and_another_take_is_a_remark() {
    for (what, extensions, says) in [
        (
            "a server's",
            "subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth",
            "extended key usage is serverAuth, and not clientAuth",
        ),
        (
            "a CA's",
            "subjectAltName=IP:127.0.0.1\nbasicConstraints=critical,CA:TRUE",
            "a CA's own certificate (CA:TRUE)",
        ),
        ("nobody's", "basicConstraints=CA:FALSE", "it has no subjectAltName"),
    ] {
        let files = Files::new(EC);
        files.ca.issue("node", EC, extensions);
        let found = files.findings();
        assert!(
            found.refused.is_empty() && found.remarks.len() == 1 && found.remarks[0].contains(says),
            "{what}: {found:?}"
        );
    }
}

#[test]
fn a_certificate_that_is_not_of_a_ca_in_tls_ca_is_a_remark() {
    for (what, further, says) in [
        ("a CA of the same name", &[][..], "another CA has the same name"),
        ("another CA", &["-subj", "/CN=another"], "signed by a CA that is not in tls.ca"),
    ] {
        let files = Files::new(EC);
        files.put("ca.crt", Ca::with(EC, further).read("ca.crt").as_bytes());
        let found = files.findings();
        assert!(found.refused.is_empty() && found.remarks.len() == 1, "{what}: {found:?}");
        assert!(found.remarks[0].contains("node.crt: it") && found.remarks[0].contains(says), "{what}: {found:?}");
    }
}

/// What `openssl ca` wants to know; it is the one that takes dates.
const WITH_DATES: &str = "[ca]\ndefault_ca=tests\n[tests]\nnew_certs_dir=.\ndatabase=index.txt\nunique_subject=no\n\
    serial=serial\ndefault_md=sha256\npolicy=any\n[any]\ncommonName=supplied\n";

/// Has the CA `ca.crt` issue a certificate again, of the year 2020 alone.
fn issue_expired(files: &Files, name: &str) {
    files.put("ca.conf", WITH_DATES.as_bytes());
    files.put("index.txt", b"");
    let [csr, crt, ext] = ["csr", "crt", "ext"].map(|end| format!("{name}.{end}"));
    let sign =
        ["ca", "-batch", "-config", "ca.conf", "-cert", "ca.crt", "-keyfile", "ca.key", "-create_serial", "-notext"];
    let dates = ["-startdate", "20200101000000Z", "-enddate", "20210101000000Z"];
    files.ca.openssl(&[&sign[..], &dates, &["-in", &csr, "-out", &crt, "-extfile", &ext]].concat());
}

/// A node's certificate of an intermediate CA, `below.crt`, which the root `ca.crt` has issued.
fn of_an_intermediate() -> Files {
    let files = Files::new(EC);
    files.ca.issue("below", EC, "basicConstraints=critical,CA:TRUE\nsubjectKeyIdentifier=hash");
    let sign = ["x509", "-req", "-in", "node.csr", "-CA", "below.crt", "-CAkey", "below.key", "-CAcreateserial"];
    files.ca.openssl(&[&sign[..], &["-out", "node.crt", "-days", "3650", "-extfile", "node.ext"]].concat());
    files
}

/// Runs the command at the end of a remark as an operator does.
fn run_command_of(remark: &str) -> String {
    let (_, command) = remark.rsplit_once(": openssl ").unwrap();
    let ended = Command::new("sh").args(["-c", &format!("openssl {command}")]).stdin(Stdio::null()).output().unwrap();
    assert!(ended.status.success(), "{command}: {}", String::from_utf8_lossy(&ended.stderr));
    String::from_utf8_lossy(&ended.stdout).into_owned()
}

#[test]
fn an_expired_certificate_of_a_ca_in_the_own_file_is_a_remark_that_names_it() {
    let files = of_an_intermediate();
    let chain = files.ca.read("node.crt") + &files.ca.read("below.crt");
    files.put("node.crt", chain.as_bytes());
    files.is_sound("a chain in its time");

    let files = of_an_intermediate();
    issue_expired(&files, "below");
    let (own, expired) = (files.ca.read("node.crt"), files.ca.read("below.crt"));
    files.put("node.crt", (own.clone() + &expired).as_bytes());
    let found = files.findings();
    assert!(found.refused.is_empty() && found.remarks.len() == 1, "{found:?}");
    let remark = &found.remarks[0];
    for part in ["number 2 (CN=below)", "it expired at 2021-01-01", "this node's clock says 20"] {
        assert!(remark.contains(part), "not said: {part}: {remark}");
    }
    let shown = run_command_of(remark).replace("CN = ", "CN=");
    for part in ["Subject: CN=node", "Subject: CN=below", "Not After : Jan  1 00:00:00 2021"] {
        assert!(shown.contains(part), "not shown: {part}: {shown}");
    }

    // The CA was certified again, with the same key: by a root that peers trust, and not yet `tls.ca`. They accept this node.
    let new = Ca::with(EC, &["-subj", "/CN=new CA"]);
    for name in ["below.csr", "below.ext"] {
        fs::copy(files.path(name), new.path().join(name)).unwrap();
    }
    let sign = ["x509", "-req", "-in", "below.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial"];
    new.openssl(&[&sign[..], &["-out", "below.crt", "-days", "3650", "-extfile", "below.ext"]].concat());
    files.put("node.crt", (own.clone() + &new.read("below.crt") + &expired).as_bytes());
    let found = files.findings();
    assert!(found.refused.is_empty() && found.remarks.len() == 1, "{found:?}");
    assert!(found.remarks[0].contains("number 3 (CN=below)"), "{found:?}");

    // What has expired is named where it is the node's own, whatever else is in the file.
    files.ca.issue("node", EC, USUAL);
    issue_expired(&files, "node");
    let own = files.ca.read("node.crt");
    files.put("node.crt", (own + &expired).as_bytes());
    let (cause, said) = files.refusal();
    assert!(cause == Cause::OwnExpired && said.contains("it expired at 2021-01-01"), "{said}");
}

#[test]
fn f16_cas_of_another_kind() {
    // Of version 1, as old scripts make it: webpki takes it for what its owner says it is.
    let old = Files::new(EC);
    old.ca.openssl(&["req", "-new", "-key", "ca.key", "-out", "ca.csr", "-subj", "/CN=openssl CA"]);
    old.ca.openssl(&["x509", "-req", "-in", "ca.csr", "-signkey", "ca.key", "-out", "ca.crt", "-days", "3650"]);
    old.is_sound("a CA of version 1");

    let long = Ca::create(P521);
    long.issue("node", EC, USUAL);
    let files = Files { ca: long };
    files.is_refused("a CA of P-521", &["ca.crt has a CA whose key is P-521 (secp521r1)", "another CA"]);
    let sound = Ca::create(EC).read("ca.crt");
    files.put("ca.crt", (files.ca.read("ca.crt") + &sound).as_bytes());
    let found = files.findings();
    assert!(found.refused.is_empty() && found.remarks[0].contains("P-521"), "{found:?}");
}

#[test]
fn f32_what_is_no_file_is_refused_and_what_is_missing_is_listed() {
    let files = Files::new(EC);
    for name in ["ca.crt", "node.crt", "node.key"] {
        let (path, aside) = (files.path(name), files.path("aside"));
        fs::rename(&path, &aside).unwrap();
        let found = files.findings();
        assert!(found.refused.is_empty() && found.missing.iter().any(|(_, missing)| *missing == path), "{found:?}");
        for (target, says) in [("/dev/zero", "it is a device, not a file"), ("/nowhere/at/all", "which does not exist")]
        {
            symlink(target, &path).unwrap();
            assert!(files.refusal().1.contains(says), "{:?}", files.refusal());
            fs::remove_file(&path).unwrap();
        }
        assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
        assert!(files.refusal().1.contains("it is a pipe, not a file"), "{:?}", files.refusal());
        fs::remove_file(&path).unwrap();
        fs::File::create(&path).unwrap().set_len(10 << 30).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        assert!(files.refusal().1.contains("it has more than "), "{:?}", files.refusal());
        fs::rename(&aside, &path).unwrap();
    }
    files.is_sound("as before");
}
