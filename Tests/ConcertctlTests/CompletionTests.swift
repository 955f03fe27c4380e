import Foundation
import TestSupport
import XCTest

/// Tests of the completion scripts in their shells.
final class CompletionTests: XCTestCase {
    /// The words of a command line, the last of which is incomplete, and expected and unexpected completions.
    private struct Case {
        var words: [String]
        var offered: [String]
        var others: [String]
        var line: UInt

        init(_ words: [String], offers offered: [String], not others: [String] = [], line: UInt = #line) {
            (self.words, self.offered, self.others, self.line) = (words, offered, others, line)
        }
    }

    private let cases = [
        Case([""], offers: ["replay", "stream", "completion"], not: ["list", "--records"]),
        Case(["st"], offers: ["stream"], not: ["replay"]),
        Case(["stream", ""], offers: ["list"], not: ["replay"]),
        Case(["stream", "list", "--"], offers: ["--output", "--region"], not: ["--records"]),
        Case(["stream", "list", "--output", ""], offers: ["text", "json"], not: ["list"]),
        Case(["generate", "--records", "5", "--"], offers: ["--seed", "--size"], not: ["--region"]),
        Case(["--region", "eu-west-1", "stream", ""], offers: ["list"], not: ["replay"]),
        Case(["generate", "--size", "c"], offers: ["compact"], not: ["full"]),
        Case(["completion", ""], offers: ["bash", "zsh", "fish"], not: ["replay"]),
    ]

    func testBashOffersMatchingWords() throws {
        try check("bash", ["--norc", "-c"]) { words in
            """
            COMP_WORDS=(concertctl \(words)); COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
            _concertctl; printf '%s\\n' "${COMPREPLY[@]}"
            """
        }
    }

    func testFishOffersMatchingWords() throws {
        try check("fish", ["--no-config", "-c"]) { words in
            // The command line up to the cursor; descriptions follow a tab.
            "complete -C 'concertctl \(words.replacing("'", with: ""))' | string replace -r '\\t.*' ''; true"
        }
    }

    func testZshOffersMatchingWords() throws {
        // Replacements for functions of zsh's completion system, which print their arguments.
        let system = """
            compdef() { }; _files() { }
            compadd() { shift; print -l -- ${(M)@:#$words[CURRENT]*} }
            _describe() { [[ $1 == -o ]] && shift; print -l -- ${(M)${${(P)2}%%:*}:#$words[CURRENT]*} }

            """
        try check("zsh", ["-f", "-c"], before: system) { words in
            "words=(concertctl \(words)); CURRENT=$#words; _concertctl"
        }
    }

    func testZshAutoloadsTheScript() throws {
        let folder = try TemporaryFolder()
        _ = try folder.write(try Concertctl.run(["completion", "zsh"]).output, to: "_concertctl")
        let output = try shell(
            "zsh",
            [
                "-f", "-c",
                "fpath=(\(folder.url.path) $fpath); autoload -Uz compinit; compinit -D -u; print $_comps[concertctl]",
            ])
        XCTAssertEqual(output, "_concertctl\n")
    }

    private func check(
        _ name: String, _ options: [String], before: String = "", completing: (String) -> String
    ) throws {
        let folder = try TemporaryFolder()
        let script = try folder.write(try Concertctl.run(["completion", name]).output, to: "completion.\(name)")
        for row in cases {
            let words = row.words.map { "'\($0)'" }.joined(separator: " ")
            let output = try shell(name, options + ["\(before)source \(script)\n\(completing(words))"])
            let offered = Set(output.split(separator: "\n").map(String.init))
            for word in row.offered {
                XCTAssertTrue(offered.contains(word), "\(name), \(row.words): no \(word) in \(output)", line: row.line)
            }
            for word in row.others {
                XCTAssertFalse(offered.contains(word), "\(name), \(row.words): \(word) in \(output)", line: row.line)
            }
        }
    }

    private func shell(_ name: String, _ arguments: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [name] + arguments
        let output = Pipe()
        process.standardOutput = output
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let printed = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        XCTAssertEqual(process.terminationStatus, 0, "\(name) \(arguments)")
        return String(decoding: printed, as: UTF8.self)
    }
}
