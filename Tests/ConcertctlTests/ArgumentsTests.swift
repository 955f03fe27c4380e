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
