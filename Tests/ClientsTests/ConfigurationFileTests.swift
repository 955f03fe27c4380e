import XCTest

@testable import Clients

/// The forms of the shared files, beside what AWS's command line makes of them.
final class ConfigurationFileTests: XCTestCase {
    func testReadsWhatPeopleWrite() throws {
        let cases: [(text: String, section: String, values: [String: String])] = [
            ("[default]\nregion=us-east-1", "default", ["region": "us-east-1"]),
            ("[default]\nREGION : us-east-1\n", "default", ["region": "us-east-1"]),
            ("[default]\nsso_start_url = https://x/y#z=1\n", "default", ["sso_start_url": "https://x/y#z=1"]),
            ("[default]\r\nregion = a\r\n\r\noutput = b\r\n", "default", ["region": "a", "output": "b"]),
            ("[default]\rregion = a\r", "default", ["region": "a"]),
            ("\u{FEFF}[default]\nregion = a", "default", ["region": "a"]),
            (
                "# c\n; d\n\n[default] # e\n  # f\nregion = a # g\noutput = b\t; h\n", "default",
                ["region": "a", "output": "b"]
            ),
            ("[default]\nregion = # none\n", "default", ["region": ""]),
            ("[default]\nregion = a ; b # c\n", "default", ["region": "a"]),
            ("[default]\noutput=b#e;f\n", "default", ["output": "b#e;f"]),
            ("[default]\nregion = \"a\"\n", "default", ["region": "\"a\""]),
            ("[default]\n  region = a\n  output = b\n", "default", ["region": "a", "output": "b"]),
            ("  [default]\n  region = a\n", "default", ["region": "a"]),
            ("[default]\nregion = a\n  b\n\n  c = d\noutput=e\n", "default", ["region": "a\nb\nc = d", "output": "e"]),
            ("[default]\na=1\n[other]\na=2\n[default]\nb=3\na=4\n", "default", ["a": "4", "b": "3"]),
            ("[ default ]\nregion=a\n", "default", ["region": "a"]),
            ("[profile \"a  b\"]\nregion=a\n", "profile a  b", ["region": "a"]),
            ("[profile 'a']\nregion=a\n", "profile a", ["region": "a"]),
            ("[profile\ta]\nregion=a\n", "profile a", ["region": "a"]),
            ("[profile a\\ b]\nregion=a\n", "profile a b", ["region": "a"]),
            (
                "[default]\ncredential_process = sh -c \"a ; b # c\" # d\n", "default",
                ["credential_process": "sh -c \"a ; b # c\" # d"]
            ),
            ("[default]\naws_secret_access_key = a%b%(c)s=+/\n", "default", ["aws_secret_access_key": "a%b%(c)s=+/"]),
        ]
        for row in cases {
            let file = try ConfigurationFile(row.text, path: "f")
            XCTAssertEqual(file.sections[row.section]?.values, row.values, row.text)
        }
        XCTAssertEqual(try ConfigurationFile("", path: "f").sections, [:])
    }

    func testReadsAllFormsTogether() throws {
        let text = """
            \u{FEFF}; comment
            [default]
            Region = us-east-1 # comment
            output=json
            note = a#b;c
            empty =
            s3 =
              max_concurrent_requests = 20
              # comment
              endpoint_url = http://s3
            multi = one
              two
            [ profile  "dev" ] ; comment\r
            region\t=\teu-west-1\r
            region = eu-west-2
            [services local]
            kinesis =
                endpoint_url = http://127.0.0.1:1
            """
        let file = try ConfigurationFile(text, path: "c")
        XCTAssertEqual(file.sections.keys.sorted(), ["default", "profile dev", "services local"])
        let values = file.sections["default"]?.values
        XCTAssertEqual(values?["region"], "us-east-1")
        XCTAssertEqual(values?["note"], "a#b;c")
        XCTAssertEqual(values?["multi"], "one\ntwo")
        XCTAssertEqual(file.sections["default"]?.nested["s3"]?["endpoint_url"], "http://s3")
        XCTAssertEqual(file.sections["profile dev"]?.values["region"], "eu-west-2")
        XCTAssertEqual(file.sections["services local"]?.nested["kinesis"], ["endpoint_url": "http://127.0.0.1:1"])
    }

    func testReadsNestedValues() throws {
        let text = """
            [services local]
            kinesis =
              endpoint_url = http://k # c

              # c
              Other = y
            region = r
            lambda = # c
            \tendpoint_url = http://l
            [profile x]
            kinesis =
            """
        let section = try XCTUnwrap(ConfigurationFile(text, path: "f").sections["services local"])
        XCTAssertEqual(
            section.nested,
            ["kinesis": ["endpoint_url": "http://k", "other": "y"], "lambda": ["endpoint_url": "http://l"]])
        XCTAssertEqual(section.values["region"], "r")
    }

    func testNamesTheLineThatCannotBeRead() {
        let cases: [(text: String, line: Int, expected: String)] = [
            ("region=a\n[default]", 1, "a heading such as [default] before it"),
            ("[default]\nsecret-text", 2, "name = value"),
            ("[default]\r\n\r\nsecret-text\r\n", 3, "name = value"),
            ("[default]\n = secret-text", 2, "name = value"),
            ("[default\nregion=a", 1, "a heading such as [profile dev]"),
            ("[]\nregion=a", 1, "a heading such as [profile dev]"),
            ("[\"\"]", 1, "a heading such as [profile dev]"),
            ("[profile \"x]", 1, "a heading such as [profile dev]"),
            ("[default] secret-text", 1, "a heading such as [profile dev]"),
            ("\n\n[a]\n[b", 4, "a heading such as [profile dev]"),
        ]
        for row in cases {
            XCTAssertThrowsError(try ConfigurationFile(row.text, path: "/f"), row.text) { error in
                XCTAssertEqual("\(error)", "/f, line \(row.line): expected \(row.expected)", row.text)
            }
        }
    }

    func testSplitsCommandsAsAShellDoes() {
        let cases: [(line: String, words: [String]?)] = [
            ("a b", ["a", "b"]), (#"a "b c" d"#, ["a", "b c", "d"]), ("a 'b c'", ["a", "b c"]),
            (#"a "b\"c""#, ["a", "b\"c"]), (#"a "\$H \` \n \\""#, ["a", #"\$H \` \n \"#]), (#"a \ b"#, ["a", " b"]),
            (#"a 'b\'"#, ["a", #"b\"#]), (#"a b\\"#, ["a", #"b\"#]), (#"a b\"#, nil), (#"a "b"#, nil), ("a 'b", nil),
            ("a ''", ["a", ""]), (#"a""b"#, ["ab"]), (#""""#, [""]), ("", []), ("  ", []),
            ("a\tb\r\nc", ["a", "b", "c"]),
            ("a#b # c", ["a#b", "#", "c"]), ("a;b|c>d $e", ["a;b|c>d", "$e"]), (#"a 'b'\''c'"#, ["a", "b'c"]),
            ("a\u{A0}b é", ["a\u{A0}b", "é"]), (#""x\'y""#, [#"x\'y"#]),
        ]
        for row in cases { XCTAssertEqual(ShellWords.split(row.line), row.words, row.line) }
    }
}
