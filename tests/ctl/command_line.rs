//! What is wrong with a command line, an output or a way to the table, without a table.

use std::io::{Read, Write};
use std::net::TcpListener;

use super::documents::{BAD, GOOD};
use super::tool::{Said, check_failure, run, run_with, tollgatectl};

#[test]
fn a_wrong_command_line_is_2() {
    let check = |arguments: &[&str], part: &str| check_failure(tollgatectl(arguments), 2, part);
    check(&[], "Usage: tollgatectl");
    check(&["init", "--tabel", "x"], "'--table'");
    check(&["--table", "a b", "init"], "3 to 255 letters");
    check(&["--endpoint-url", "localhost:8000", "init"], "expected http://… or https://…");
    check(&["key", "create"], "--name <NAME>");
    check(&["key", "create", "--name", " "], "1 to 64 characters");
    check(&["key", "create", "--name", "a", "--rpm", "0"], "leave the option out");
    check(&["key", "create", "--name", "a", "--rpm=-1"], "expected a whole number");
    check(&["key", "create", "--name", "a", "--usd-per-month", "0.0000001"], "six decimals");
    check(&["key", "create", "--name", "a", "--tpm", "5:soft"], "hard, estimate, shadow");
    check(&["key", "create", "--name", "a", "--rpm", "1", "--rpm", "2"], "multiple times");
    check(&["key", "create", "--name", "a", "--rpm", "none"], "expected a whole number");
    check(&["key", "create", "--name", "a", "--shards", "65"], "1..=64");
    check(&["key", "create", "--name", "a", "--time-zone", "Asia/Shanghia"], "'Asia/Shanghai'?");
    check(&["key", "create", "--name", "a", "--alias-limit", "m:rps=1"], "unknown limit 'rps'");
    check(&["key", "mint", "--team", "a"], "'--team'");
    check(&["usage", "--from", "yesterday"], "such as 2026-11-01");
    check(&["usage", "--days", "3", "--from", "2026-11-01"], "cannot be used with");
    check(&["usage", "--csv", "--json"], "cannot be used with");
    check(&["key", "create", "--name", "a", "--models", "gpt 4"], "such as gpt-*");
    check(&["config", "rollback"], "<VERSION>");
    check(&["health", "clear"], "<TARGET>");
    check(&["key", "revoke", "--json"], r#"{"error":{"message":"the following required"#);
    assert_eq!(run(&["help"], "").code, 0);
    assert_eq!(run(&["--version"], "").code, 0);
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = tollgatectl(&["config", "check", "-"]);
    command.stdout(writer);
    assert_eq!(run_with(command, GOOD), Said { code: 0, out: String::new(), err: String::new() });
}

#[cfg(target_os = "linux")]
#[test]
fn output_that_is_lost_is_a_failure() {
    let mut command = tollgatectl(&["config", "check", "-"]);
    command.stdout(std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap());
    let said = run_with(command, GOOD);
    assert_eq!(said.code, 1);
    assert!(said.err.starts_with("error: the output could not be written: "), "{said:?}");
}

#[test]
fn colours_are_for_terminals() {
    let said = run(&["config", "check", "-"], BAD);
    assert!(!said.err.contains('\x1b'));
}

#[test]
fn without_credentials_or_a_region_it_says_how_to_get_them() {
    check_failure(tollgatectl(&["key", "list"]), 1, "give --region, or set AWS_REGION");
    let mut command = tollgatectl(&["key", "list"]);
    command.env("AWS_REGION", "eu-west-1");
    check_failure(command, 1, "error: no AWS credentials found\n  sign in ('aws sso login'");
    let profile = &["--region", "eu-west-1", "--profile", "nobody", "key", "list"];
    check_failure(tollgatectl(profile), 1, "there is no profile 'nobody' in ~/.aws");
    let mut command = tollgatectl(&["key", "list"]);
    command.env("TOLLGATE_TABLE", "a b");
    check_failure(command, 1, "TOLLGATE_TABLE is 'a b'");
}

#[test]
fn an_endpoint_that_is_none_is_named() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("http://127.0.0.1:{port}");
    let nobody = format!("{url} does not answer: Connection refused");
    check_failure(tollgatectl(&["--endpoint-url", &url, "init"]), 1, &nobody);

    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut client in listener.incoming().map_while(Result::ok) {
            let _ = client.read(&mut [0; 4096]);
            let _ = client.write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 5\r\n\r\nnone\n");
        }
    });
    let mut command = tollgatectl(&["key", "list"]);
    command.env("AWS_ENDPOINT_URL_DYNAMODB", &url);
    check_failure(command, 1, &format!("{url} is not a DynamoDB"));
}
