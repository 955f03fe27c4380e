import Processor

/// A plain-text table whose columns are as wide as their widest cell and separated by two spaces.
struct TextTable {
    enum Alignment { case left, right }

    private let alignments: [Alignment]
    private var rows: [[String]]

    /// - Parameter columns: The headings. A column whose heading begins with `>` is right-aligned.
    init(_ columns: [String]) {
        alignments = columns.map { $0.hasPrefix(">") ? .right : .left }
        rows = [columns.map { $0.hasPrefix(">") ? String($0.dropFirst()) : $0 }]
    }

    /// Adds a row and escapes control characters in it.
    ///
    /// - Parameter cells: One cell per column.
    mutating func add(_ cells: [String]) { rows.append(cells.map(MessageText.escaped)) }

    var text: String {
        let widths = alignments.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            let cells = row.enumerated().map { column, cell in
                let blanks = String(repeating: " ", count: widths[column] - cell.count)
                switch alignments[column] {
                case .right: return blanks + cell
                // The last column needs no trailing spaces.
                case .left: return column == row.count - 1 ? cell : cell + blanks
                }
            }
            return cells.joined(separator: "  ")
        }.joined(separator: "\n")
    }
}
