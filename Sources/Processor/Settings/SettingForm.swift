import Basics

/// How a variable's text becomes a value, and what the reference shows as its type.
package struct SettingForm<Value: Sendable>: Sendable {
    /// Parses a text, and adds its faults; returns nil if the text has no value.
    typealias Parser = @Sendable (String, inout [SettingFault]) -> Value?

    let type: SettingType
    let parse: Parser

    init(_ type: SettingType, parse: @escaping Parser) { (self.type, self.parse) = (type, parse) }

    /// The format of an optional variable.
    var optional: SettingForm<Value?> {
        SettingForm<Value?>(type) { [parse] in parse($0, &$1) }
    }
}

/// The type of a variable, as the reference shows it.
enum SettingType: Sendable {
    case text(StaticString)
    case number(ClosedRange<Int>)
    /// One of a few words; made when they are asked for, because a start shows none.
    case word(@Sendable () -> [String])
    /// Some of them, with commas between them.
    case list(@Sendable () -> [String])

    /// As Markdown.
    var text: String {
        switch self {
        case .text(let text): "\(text)"
        case .number(let range): "\(range)"
        case .word: words.map { "`\($0)`" }.joined(separator: ", ")
        case .list: "list of " + words.map { "`\($0)`" }.joined(separator: ", ")
        }
    }

    /// The words that there are.
    var words: [String] {
        switch self {
        case .text, .number: []
        case .word(let words), .list(let words): words()
        }
    }
}

extension SettingForm where Value == String {
    /// Any text.
    package static func text(_ type: StaticString = "text") -> SettingForm {
        SettingForm(.text(type)) { text, _ in text }
    }

    /// Text that satisfies a condition.
    ///
    /// - Parameter expected: A description of the condition, for error messages.
    package static func text(
        _ type: StaticString, expected: @escaping @autoclosure @Sendable () -> String,
        where isValid: @escaping @Sendable (String) -> Bool
    ) -> SettingForm {
        SettingForm(.text(type)) { text, faults in
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
        SettingForm(.number(range)) { number($0, in: range, &$1) }
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
        SettingForm(.number(range)) {
            SettingForm<Int>.number($0, in: range, &$1).map { .milliseconds($0) }
        }
    }
}

extension SettingForm {
    /// One of a few words, in any letter case.
    ///
    /// - Parameter words: In lower case. Evaluated only if the variable is set, because the metadata of the list's type is
    ///   created at run time.
    package static func choice(
        _ words: @escaping @autoclosure @Sendable () -> KeyValuePairs<String, Value>
    ) -> SettingForm {
        SettingForm(.word({ words().map(\.key) })) { text, faults in
            let words = words()
            if let value = words.first(where: { $0.key == text.lowercased() })?.value { return value }
            faults.append(.expected("one of \(words.map(\.key).joined(separator: ", "))"))
            return nil
        }
    }

    /// Words with commas between them, each once, in order.
    ///
    /// - Parameters:
    ///   - words: All allowed words.
    ///   - element: Returns the value of a word.
    package static func list<Element: Sendable>(
        of words: @escaping @autoclosure @Sendable () -> [String], element: @escaping @Sendable (String) -> Element?
    ) -> SettingForm where Value == [Element] {
        SettingForm(.list(words)) { text, faults in
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
