import Foundation
import Processor

/// The command that updates the tables of `docs/configuration.md` from the settings that the function reads.
struct SettingsPage: Command {
    static let description = CommandDescription(
        name: "settings-documentation",
        summary: "print a page with updated tables of settings, for docs/configuration.md",
        usage: ["PAGE"], operands: 1...1, isHidden: true)

    private let path: String

    init(_ input: Input) { path = input.operands[0] }

    func run() throws -> ExitStatus {
        let page = String(decoding: try InputFile.contents(of: path), as: UTF8.self)
        Output.print(.lines(try Self.updated(page)))
        return .done
    }

    /// The markers around a table.
    ///
    /// The first one contains the name of the group.
    private static let (start, end) = ("<!-- settings: ", "<!-- end of settings -->")

    /// Returns a page with the table of each group between its markers.
    ///
    /// - Throws: ``CommandError`` if a group has no markers or markers name an unknown group.
    static func updated(_ page: String) throws(CommandError) -> String {
        var lines: [String] = []
        var left = Settings.groups
        var isInTable = false
        for line in page.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) {
            if line == end { isInTable = false }
            if !isInTable { lines.append(line) }
            guard line.hasPrefix(start) else { continue }
            let name = String(line.dropFirst(start.count).prefix { $0 != " " })
            guard let index = left.firstIndex(where: { $0.name == name }) else {
                throw CommandError(description: "unknown group of settings \"\(name)\"; expected \(names(left))")
            }
            lines.append(table(left.remove(at: index).settings))
            isInTable = true
        }
        let documented = left.filter { !$0.settings.isEmpty }
        guard documented.isEmpty else {
            throw CommandError(description: "the page has no line \"\(start)NAME -->\" for \(names(documented))")
        }
        // Printing adds the line feed of the last line.
        return lines.last == "" ? lines.dropLast().joined(separator: "\n") : lines.joined(separator: "\n")
    }

    private static func names(_ groups: [Settings.Group]) -> String { groups.map(\.name).joined(separator: ", ") }

    private static func table(_ settings: [SettingDescription]) -> String {
        let rows = settings.map { setting in
            let cells = ["`\(setting.name)`", setting.type, setting.default, setting.help]
            return "|" + cells.map { $0.isEmpty ? " |" : " \($0) |" }.joined()
        }
        return (["| variable | type | default | meaning |", "| --- | --- | --- | --- |"] + rows).joined(separator: "\n")
    }
}
