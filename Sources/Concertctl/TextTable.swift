import Processor

/// Columns for people: as wide as their widest cell, two blanks between, numbers to the right.
struct TextTable {
    enum Alignment { case left, right }

    private let alignments: [Alignment]
    private var rows: [[String]]

    /// - Parameter columns: Their headings; one that begins with `>` has its cells at the right.
    init(_ columns: [String]) {
        alignments = columns.map { $0.hasPrefix(">") ? .right : .left }
        rows = [columns.map { $0.hasPrefix(">") ? String($0.dropFirst()) : $0 }]
    }

    /// - Parameter cells: One a column; what a terminal acts on is escaped here.
    mutating func add(_ cells: [String]) { rows.append(cells.map(MessageText.escaped)) }

    var text: String {
        let widths = alignments.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            let cells = row.enumerated().map { column, cell in
                let blanks = String(repeating: " ", count: widths[column] - cell.count)
                switch alignments[column] {
                case .right: return blanks + cell
                // The last column needs no blanks behind it.
                case .left: return column == row.count - 1 ? cell : cell + blanks
                }
            }
            return cells.joined(separator: "  ")
        }.joined(separator: "\n")
    }
}
