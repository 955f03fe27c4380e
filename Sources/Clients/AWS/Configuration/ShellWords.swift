/// A parser that splits a line into words as a POSIX shell does, without expansions, like AWS's own tools.
///
/// Source: <https://docs.python.org/3/library/shlex.html#parsing-rules>
enum ShellWords {
    /// Returns nil for an unclosed quote or a trailing backslash.
    static func split(_ line: String) -> [String]? {
        var words: [String] = []
        var word: String?
        var quote: Unicode.Scalar?
        var rest = line.unicodeScalars[...]
        while let scalar = rest.popFirst() {
            switch (scalar, quote) {
            case ("\\", nil), ("\\", "\""):
                guard let next = rest.popFirst() else { return nil }
                let isEscape = quote == nil || next == "\"" || next == "\\"
                word = (word ?? "") + (isEscape ? "" : "\\") + String(next)
            case (let mark, let open?) where mark == open: quote = nil
            case ("\"", nil), ("'", nil):
                quote = scalar
                word = word ?? ""
            case (" ", nil), ("\t", nil), ("\r", nil), ("\n", nil):
                if let finished = word { words.append(finished) }
                word = nil
            default: word = (word ?? "") + String(scalar)
            }
        }
        if let word { words.append(word) }
        return quote == nil ? words : nil
    }
}
