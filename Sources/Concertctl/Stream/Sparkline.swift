/// A series of figures as a row of bars, scaled to the highest.
enum Sparkline {
    /// - Parameters:
    ///   - values: One value per period; nil if there was no measurement.
    ///   - isUnicode: Whether the terminal can show block characters.
    static func text(_ values: [Double?], isUnicode: Bool) -> String {
        let levels = Array(isUnicode ? "▁▂▃▄▅▆▇█" : "_.-~=+*#")
        let highest = values.compactMap { $0 }.max() ?? 0
        return String(
            values.map { value -> Character in
                guard let value else { return " " }
                guard highest > 0 else { return levels[0] }
                let level = Int((max(0, value) / highest * Double(levels.count - 1)).rounded())
                return levels[min(level, levels.count - 1)]
            })
    }

    /// Returns whether the locale's encoding is UTF-8.
    static func isUnicode(_ environment: [String: String]) -> Bool {
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].lazy.compactMap { environment[$0] }.first { !$0.isEmpty } ?? ""
        return ["utf-8", "utf8"].contains { locale.lowercased().hasSuffix($0) }
    }
}
