import Foundation
import XCTest

@testable import concertctl

final class InputTests: XCTestCase {
    private enum Word: String, CaseIterable { case one, two }

    private static let flag = Option<Bool>("--flag", "a flag")
    private static let toggle = Option<Bool?>("--toggle", otherwise: "on", "on or off")
    private static let value = Option<String?>("--value", value: "V", "a value")
    private static let list = Option<[String]?>("--list", value: "V", "values")
    private static let plain = Option<[String]?>("--plain", value: "V", splitsAtCommas: false, "values with commas")
    private static let number = Option<Int>(
        "--number", 1...10, default: 5, variable: "NUMBER", note: "guessed", "a number")
    private static let size = Option<Int?>("--size", value: "SIZE", 1...10, otherwise: "all", "a size")
    private static let share = Option<Decimal>("--share", 0...1, default: Decimal(string: "0.5")!, "a share")
    private static let word = Option<Word>("--word", default: .one, "a word")
    private static let command = CommandDescription(
        name: "test", summary: "test",
        options: [flag, toggle, value, list, plain, number, size, share, word], operands: 0...2)

    private func parse(_ words: String..., environment: [String: String] = [:]) throws(UsageError) -> Input {
        try Input(words, for: Self.command, environment: environment)
    }

    func testTakesOptionsInEveryForm() throws {
        XCTAssertEqual(try parse("--value", "x")[Self.value], "x")
        XCTAssertEqual(try parse("--value=x=y")[Self.value], "x=y")
        XCTAssertEqual(try parse("--value=")[Self.value], "")
        XCTAssertEqual(try parse("--value", "-1")[Self.value], "-1")
        XCTAssertEqual(try parse("--value", "--flag")[Self.value], "--flag")
        XCTAssertEqual(try parse("--toggle")[Self.toggle], true)
        XCTAssertEqual(try parse("--no-toggle")[Self.toggle], false)
        XCTAssertNil(try parse()[Self.toggle])
        XCTAssertTrue(try parse("--flag")[Self.flag])
        XCTAssertFalse(try parse()[Self.flag])
        XCTAssertEqual(try parse("--list", "a", "b,c", "--flag")[Self.list], ["a", "b", "c"])
        XCTAssertEqual(try parse("--list=a", "--list", "b")[Self.list], ["a", "b"])
        XCTAssertEqual(try parse("--plain", "a,b")[Self.plain], ["a,b"])
        XCTAssertEqual(try parse("x", "--", "--flag").operands, ["x", "--flag"])
        XCTAssertEqual(try parse("-", "-5").operands, ["-", "-5"])
    }

    func testReadsAnOptionThenItsVariableThenItsDefault() throws {
        XCTAssertEqual(try parse("--number", "7", environment: ["NUMBER": "8"])[Self.number], 7)
        XCTAssertEqual(try parse(environment: ["NUMBER": "8"])[Self.number], 8)
        XCTAssertEqual(try parse(environment: ["NUMBER": ""])[Self.number], 5)
        XCTAssertEqual(try parse()[Self.number], 5)
        XCTAssertNil(try parse()[Self.size])
        XCTAssertEqual(try parse("--size", "3")[Self.size], 3)
        XCTAssertEqual(try parse("--share", "0.25")[Self.share], Decimal(string: "0.25"))
        XCTAssertEqual(try parse("--word=two")[Self.word], .two)
        XCTAssertEqual(try parse()[Self.word], .one)
    }

    func testHelpShowsRangeAndDefault() {
        let cases: [(option: any CommandOption, synopsis: String, help: String)] = [
            (Self.flag, "--flag", "a flag"), (Self.toggle, "--toggle, --no-toggle", "on or off (default: on)"),
            (Self.value, "--value V", "a value"), (Self.list, "--list V...", "values"),
            (Self.number, "--number N", "a number (1...10, default NUMBER, otherwise 5, guessed)"),
            (Self.size, "--size SIZE", "a size (1...10, default: all)"),
            (Self.share, "--share X", "a share (0...1, default 0.5)"),
            (Self.word, "--word one|two", "a word (default one)"),
        ]
        for (option, synopsis, help) in cases {
            XCTAssertEqual(option.description.synopsis, synopsis)
            XCTAssertEqual(option.description.help, help)
        }
    }

    func testSaysWhatIsWrong() {
        let cases: [(words: [String], message: String)] = [
            (["--flagg"], "unknown option \"--flagg\"; did you mean \"--flag\"?"),
            (["--zzzzzzz"], "unknown option \"--zzzzzzz\""),
            (["-f"], "unknown option \"-f\""),
            (["--flag=1"], "--flag takes no value"),
            (["--no-toggle=1"], "--no-toggle takes no value"),
            (["--value"], "--value needs a value"),
            (["--list"], "--list needs a value"),
            (["--list", "--flag"], "--list needs a value"),
            (["--value", "1", "--value", "2"], "--value is given twice"),
            (["--toggle", "--no-toggle"], "--toggle is given twice"),
            (["a", "b", "c"], "unexpected argument \"c\""),
        ]
        for (words, message) in cases {
            XCTAssertThrowsError(try Input(words, for: Self.command)) {
                XCTAssertEqual("\($0)", message)
            }
        }
    }

    func testSaysWhatValuesAreWrong() throws {
        let number = "expected a whole number in 1...10"
        let cases: [(words: [String], variables: [String: String], message: String)] = [
            (["--number", "11"], [:], "--number is \"11\"; \(number)"),
            ([], ["NUMBER": "x"], "NUMBER is \"x\"; \(number)"),
            (["--size", "0"], [:], "--size is \"0\"; \(number)"),
            (["--share", "2"], [:], "--share is \"2\"; expected a number in 0...1, with at most six decimals"),
            (["--word", "three"], [:], "--word is \"three\"; expected one of one, two"),
        ]
        for (words, variables, message) in cases {
            let input = try Input(words, for: Self.command, environment: variables)
            func read() throws {
                _ = (try input[Self.number], try input[Self.size], try input[Self.share], try input[Self.word])
            }
            XCTAssertThrowsError(try read()) { XCTAssertEqual("\($0)", message) }
        }
    }
}
