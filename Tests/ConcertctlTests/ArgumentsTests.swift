import TestSupport
import XCTest

@testable import concertctl

final class ArgumentsTests: XCTestCase {
    private static let flag = OptionDescription("--flag", .flag, "a flag")
    private static let toggle = OptionDescription("--toggle", .toggle, "on or off")
    private static let value = OptionDescription("--value", .value("V"), "a value")
    private static let list = OptionDescription("--list", .list("V"), "values")
    private static let command = CommandDescription(
        name: "test", summary: "test", options: [flag, toggle, value, list], operands: 0...2)

    private func parse(_ words: String...) throws(UsageError) -> Arguments {
        try Arguments(words, for: Self.command)
    }

    func testTakesOptionsInEveryForm() throws {
        XCTAssertEqual(try parse("--value", "x").string(Self.value), "x")
        XCTAssertEqual(try parse("--value=x=y").string(Self.value), "x=y")
        XCTAssertEqual(try parse("--value=").string(Self.value), "")
        XCTAssertEqual(try parse("--value", "-1").string(Self.value), "-1")
        XCTAssertEqual(try parse("--value", "--flag").string(Self.value), "--flag")
        XCTAssertEqual(try parse("--toggle").toggle(Self.toggle), true)
        XCTAssertEqual(try parse("--no-toggle").toggle(Self.toggle), false)
        XCTAssertNil(try parse().toggle(Self.toggle))
        XCTAssertTrue(try parse("--flag").flag(Self.flag))
        XCTAssertEqual(try parse("--list", "a", "b,c", "--flag").list(Self.list), ["a", "b", "c"])
        XCTAssertEqual(try parse("--list=a", "--list", "b").list(Self.list), ["a", "b"])
        XCTAssertEqual(try parse("--list", "a,b").list(Self.list, separator: nil), ["a,b"])
        XCTAssertEqual(try parse("x", "--", "--flag").operands, ["x", "--flag"])
        XCTAssertEqual(try parse("-", "-5").operands, ["-", "-5"])
    }

    func testSaysWhatIsWrong() {
        let cases: [(words: [String], message: String)] = [
            (["--flagg"], "\"--flagg\" is no option; did you mean --flag?"),
            (["--zzzzzzz"], "\"--zzzzzzz\" is no option"),
            (["-f"], "\"-f\" is no option"),
            (["--flag=1"], "--flag takes no value"),
            (["--no-toggle=1"], "--no-toggle takes no value"),
            (["--value"], "--value needs a value"),
            (["--list"], "--list needs a value"),
            (["--list", "--flag"], "--list needs a value"),
            (["--value", "1", "--value", "2"], "--value is given twice"),
            (["--toggle", "--no-toggle"], "--toggle is given twice"),
            (["a", "b", "c"], "\"c\" is one argument too many"),
        ]
        for (words, message) in cases {
            XCTAssertThrowsError(try Arguments(words, for: Self.command)) {
                XCTAssertEqual("\($0)", message)
            }
        }
    }
}

final class DotEnvironmentTests: XCTestCase {
    func testReadsAssignmentsWithQuotesExportAndComments() throws {
        let text = """
            \u{FEFF}# comment
            PLAIN=a b # comment
            export EXPORTED = x
            NUMBER_SIGN=a#b
            SINGLE='a "b" $c \\n' # comment
            DOUBLE="a 'b' \\"c\\" \\n \\\\ \\$ \\x"
            EMPTY=
            COMMENT=# nothing
            export=odd

              INDENTED=1\r
            """
        XCTAssertEqual(
            try DotEnvironment.variables(in: text, path: ".env"),
            [
                "PLAIN": "a b", "EXPORTED": "x", "NUMBER_SIGN": "a#b", "SINGLE": "a \"b\" $c \\n",
                "DOUBLE": "a 'b' \"c\" \n \\ $ \\x", "EMPTY": "", "COMMENT": "", "export": "odd", "INDENTED": "1",
            ])
    }

    func testNamesTheLineThatIsNoAssignmentButNotItsContent() {
        for line in ["secret", "A B=secret", "X='secret", "X=\"secret\" secret", "=secret", "X=\"secret\\"] {
            XCTAssertThrowsError(try DotEnvironment.variables(in: "A=1\n\(line)", path: "x/.env")) {
                XCTAssertTrue("\($0)".hasPrefix("x/.env, line 2: expected NAME=value"), "\($0)")
                XCTAssertFalse("\($0)".contains("secret"))
            }
        }
    }

    func testTheProcessWinsUnlessItsVariableIsEmpty() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("A=file\nB=file\nC=file\n", to: ".env")
        let merged = try DotEnvironment.merged(into: ["A": "process", "B": "", "D": "process"], path: path)
        XCTAssertEqual(merged, ["A": "process", "B": "file", "C": "file", "D": "process"])
        XCTAssertEqual(try DotEnvironment.merged(into: ["A": "1"], path: path + ".missing"), ["A": "1"])
    }
}
