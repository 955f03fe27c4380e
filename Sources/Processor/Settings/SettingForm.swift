/// The format of a variable: a parser of its text, and the type and default in the reference.
///
/// Formats are created on access, because the function reads few variables at start, and shows none.
package struct SettingForm<Value: Sendable>: Sendable {
    /// Parses a text, and adds its faults; returns nil if the text has no value.
    typealias Parser = @Sendable (String, inout [SettingFault]) -> Value?

    let parse: Parser
    let type: @Sendable () -> String
    /// Returns a default in Markdown.
    let show: @Sendable (Value) -> String

    init(
        _ type: @escaping @autoclosure @Sendable () -> String,
        show: @escaping @Sendable (Value) -> String = { "`\($0)`" }, parse: @escaping Parser
    ) {
        (self.type, self.show, self.parse) = (type, show, parse)
    }

    /// The format of an optional variable.
    var optional: SettingForm<Value?> {
        SettingForm<Value?>(type(), show: { [show] in $0.map(show) ?? "" }) { [parse] in parse($0, &$1) }
    }
}

extension SettingForm where Value == String {
    /// Any text.
    package static func text(_ type: StaticString = "text") -> SettingForm {
        SettingForm("\(type)") { text, _ in text }
    }

    /// Text that satisfies a condition.
    ///
    /// - Parameter expected: A description of the condition, for error messages.
    package static func text(
        _ type: StaticString, expected: @escaping @autoclosure @Sendable () -> String,
        where isValid: @escaping @Sendable (String) -> Bool
    ) -> SettingForm {
        SettingForm("\(type)") { text, faults in
            if !isValid(text) { faults.append(.expected(expected())) }
            return text
        }
    }

    /// The name of an S3 bucket.
    package static var bucket: SettingForm { .text("bucket", expected: BucketName.expected, where: BucketName.isValid) }
}

extension SettingForm where Value == Int {
    /// A whole number.
    package static func integer(_ range: ClosedRange<Int>) -> SettingForm {
        SettingForm("\(range)", show: { "\($0)" }) { number($0, in: range, &$1) }
    }

    fileprivate static func number(
        _ text: String, in range: ClosedRange<Int>, _ faults: inout [SettingFault]
    ) -> Int? {
        guard let value = Int(text), range.contains(value) else {
            faults.append(.expected("a whole number in \(range.lowerBound)...\(range.upperBound)"))
            return nil
        }
        return value
    }
}

extension SettingForm where Value == Duration {
    /// A whole number of milliseconds.
    package static func milliseconds(_ range: ClosedRange<Int>) -> SettingForm {
        SettingForm("\(range)", show: { "\(Int($0 / .milliseconds(1)))" }) {
            SettingForm<Int>.number($0, in: range, &$1).map { .milliseconds($0) }
        }
    }
}

extension SettingForm where Value: Equatable {
    /// One of a set of words, in any letter case.
    ///
    /// - Parameter words: In lower case. Evaluated only if the variable is set, because the metadata of the list's type is
    ///   created at run time.
    package static func choice(
        _ words: @escaping @autoclosure @Sendable () -> KeyValuePairs<String, Value>
    ) -> SettingForm {
        SettingForm(
            words().map { "`\($0.key)`" }.joined(separator: ", "),
            show: { value in words().first { $0.value == value }.map { "`\($0.key)`" } ?? "" }
        ) { text, faults in
            let words = words()
            if let value = words.first(where: { $0.key == text.lowercased() })?.value { return value }
            faults.append(.expected("one of \(words.map(\.key).joined(separator: ", "))"))
            return nil
        }
    }
}

extension SettingForm {
    /// A list of words separated by commas, in order, without duplicates.
    ///
    /// - Parameters:
    ///   - words: All allowed words.
    ///   - element: Returns the value of a word.
    package static func list<Element: Sendable>(
        of words: @escaping @autoclosure @Sendable () -> [String], element: @escaping @Sendable (String) -> Element?,
        show: @escaping @Sendable (Element) -> String
    ) -> SettingForm where Value == [Element] {
        SettingForm(
            "list of " + words().map { "`\($0)`" }.joined(separator: ", "),
            show: { $0.map { "`\(show($0))`" }.joined(separator: ", ") }
        ) { text, faults in
            var (known, elements, unknown): ([String], [Element], [String]) = ([], [], [])
            for item in text.utf8.split(separator: UInt8(ascii: ",")) {
                let word = String(Substring(item).trimmed)
                guard !word.isEmpty, !known.contains(where: { $0.utf8.elementsEqual(word.utf8) }) else { continue }
                if let element = element(word) {
                    known.append(word)
                    elements.append(element)
                } else {
                    unknown.append(word)
                }
            }
            // Evaluated only for a message.
            func expected() -> String { "some of \(words().joined(separator: ", "))" }
            if !unknown.isEmpty {
                faults.append(.words(unknown, expected: expected()))
            } else if elements.isEmpty {
                faults.append(.expected(expected()))
            }
            return elements.isEmpty ? nil : elements
        }
    }
}
