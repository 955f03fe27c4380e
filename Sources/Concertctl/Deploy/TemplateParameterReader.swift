import JSON

/// The reader of the section `Parameters` of a YAML template.
///
/// It reads block style, as in CloudFormation's documentation, and rejects other styles: a parameter that is not found, or is
/// read incorrectly, could be a secret.
struct TemplateParameterReader {
    /// A line that cannot be read.
    struct Failure: Error {
        var line: Int
    }

    private(set) var parameters: [TemplateParameter] = []
    private var isInside = false
    private var hasKey = false
    /// The indentation of the parameters' names, and of the members of the current parameter; nil before the first one.
    private var (nameIndent, memberIndent): (Int?, Int?)
    /// The current member, and its values so far.
    private var member = ""
    private var values: [String] = []

    private static let members = [
        "AllowedPattern", "AllowedValues", "ConstraintDescription", "Default", "Description", "MaxLength", "MaxValue",
        "MinLength", "MinValue", "NoEcho", "Type",
    ]
    /// The members that may have several lines of text, which are not needed.
    private static let texts = ["ConstraintDescription", "Description"]
    private static let blanks = " \t".utf8

    init(_ lines: some Sequence<String>) throws(Failure) {
        var number = 0
        for line in lines {
            number += 1
            guard read(line) else { throw Failure(line: number) }
        }
    }

    /// Returns false if the line cannot be read.
    private mutating func read(_ line: String) -> Bool {
        var bytes = Array(line.utf8)[...]
        if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes.removeFirst(3) }
        let content = bytes.drop { $0 == UInt8(ascii: " ") }
        guard !Self.isComment(content) else { return true }
        // YAML treats it as a line end.
        guard !content.contains(UInt8(ascii: "\r")) else { return false }
        let indent = bytes.count - content.count
        if indent == 0 { return readSection(content) }
        guard isInside else { return hasKey }
        if nameIndent == nil { nameIndent = indent }
        if indent == nameIndent { return readName(content) }
        guard indent > nameIndent ?? 0, !parameters.isEmpty else { return false }
        if memberIndent == nil { memberIndent = indent }
        guard let memberIndent, indent >= memberIndent else { return false }
        if content.first == UInt8(ascii: "-"), content.count == 1 || content.dropFirst().first == UInt8(ascii: " ") {
            return readElement(content.dropFirst())
        }
        return indent == memberIndent ? readMember(content) : Self.texts.contains(member)
    }

    private mutating func readSection(_ content: ArraySlice<UInt8>) -> Bool {
        if content.starts(with: "---".utf8) || content.starts(with: "...".utf8) {
            isInside = false
            return Self.isComment(content.dropFirst(3))
        }
        // A flow mapping, a complex key, an anchor, a tag, or an alias may contain the section.
        guard let first = content.first, !"{?&!*".utf8.contains(first) else { return false }
        guard let (key, value) = Self.entry(content) else { return !isInside }
        hasKey = true
        isInside = key == "Parameters"
        return key != "<<" && (!isInside || Self.isComment(value))
    }

    private mutating func readName(_ content: ArraySlice<UInt8>) -> Bool {
        guard let (name, value) = Self.entry(content), Self.isComment(value), !name.isEmpty,
            name.utf8.allSatisfy({ (0x61...0x7A).contains($0 | 0x20) || (0x30...0x39).contains($0) })
        else { return false }
        parameters.append(TemplateParameter(name: name))
        (memberIndent, member, values) = (nil, "", [])
        return true
    }

    private mutating func readMember(_ content: ArraySlice<UInt8>) -> Bool {
        guard let (key, value) = Self.entry(content), Self.members.contains(key) else { return false }
        (member, values) = (key, [])
        if let read = Self.values(value) {
            values = read
        } else {
            guard Self.texts.contains(key) else { return false }
            values = [String(decoding: value, as: UTF8.self)]
        }
        parameters[parameters.count - 1].set(key, to: values)
        return true
    }

    /// Reads an element of a list that follows `AllowedValues:`.
    private mutating func readElement(_ content: ArraySlice<UInt8>) -> Bool {
        if Self.texts.contains(member) { return true }
        guard member == "AllowedValues", let value = Self.values(content), value.count == 1 else { return false }
        values += value
        parameters[parameters.count - 1].set(member, to: values)
        return true
    }
}

/// Reading one line.
extension TemplateParameterReader {
    private static func isComment(_ content: ArraySlice<UInt8>) -> Bool {
        let text = content.drop { blanks.contains($0) }
        return text.isEmpty || text.first == UInt8(ascii: "#")
    }

    /// Splits `key: value`; returns nil for other lines.
    private static func entry(_ content: ArraySlice<UInt8>) -> (key: String, value: ArraySlice<UInt8>)? {
        var key: ArraySlice<UInt8>
        var rest: ArraySlice<UInt8>
        if let (text, end) = quoted(content) {
            (key, rest) = (text[...], content[end...].drop { blanks.contains($0) })
            guard rest.first == UInt8(ascii: ":") else { return nil }
        } else {
            let colon = content.indices.first { index in
                content[index] == UInt8(ascii: ":")
                    && (index + 1 == content.endIndex || blanks.contains(content[index + 1]))
            }
            guard let colon else { return nil }
            (key, rest) = (content[..<colon], content[colon...])
            while let last = key.last, blanks.contains(last) { key.removeLast() }
        }
        rest = rest.dropFirst()
        guard rest.isEmpty || rest.first.map(blanks.contains) == true else { return nil }
        return (String(decoding: key, as: UTF8.self), rest)
    }

    /// Reads a scalar, or a list in brackets; returns nil for other styles.
    ///
    /// An empty value has no elements.
    private static func values(_ content: ArraySlice<UInt8>) -> [String]? {
        let text = content.drop { blanks.contains($0) }
        guard let first = text.first, !isComment(text) else { return [] }
        if first == UInt8(ascii: "[") { return list(text.dropFirst()) }
        if "\"'".utf8.contains(first) {
            guard let (value, end) = quoted(text), isEnd(text[end...]) else { return nil }
            return [String(decoding: value, as: UTF8.self)]
        }
        guard !"|>{&*!%@`".utf8.contains(first) else { return nil }
        let comment = text.indices.dropFirst().first {
            text[$0] == UInt8(ascii: "#") && blanks.contains(text[$0 - 1])
        }
        var value = text[..<(comment ?? text.endIndex)]
        while let last = value.last, blanks.contains(last) { value.removeLast() }
        return [String(decoding: value, as: UTF8.self)]
    }

    /// Whether nothing follows a value but a comment.
    private static func isEnd(_ rest: ArraySlice<UInt8>) -> Bool {
        rest.isEmpty || rest.first.map(blanks.contains) == true && isComment(rest)
    }

    private static func list(_ content: ArraySlice<UInt8>) -> [String]? {
        var rest = content.drop { blanks.contains($0) }
        var found: [String] = []
        while let first = rest.first, first != UInt8(ascii: "]") {
            var element: [UInt8]
            if let (text, end) = quoted(rest) {
                (element, rest) = (text, rest[end...])
            } else {
                guard !"[{&*!\"'#".utf8.contains(first) else { return nil }
                element = Array(rest.prefix { !",]".utf8.contains($0) })
                rest = rest.dropFirst(element.count)
                while let last = element.last, blanks.contains(last) { element.removeLast() }
            }
            found.append(String(decoding: element, as: UTF8.self))
            rest = rest.drop { blanks.contains($0) }
            if rest.first == UInt8(ascii: ",") {
                rest = rest.dropFirst().drop { blanks.contains($0) }
            } else if rest.first != UInt8(ascii: "]") {
                return nil
            }
        }
        return rest.first == UInt8(ascii: "]") && isEnd(rest.dropFirst()) ? found : nil
    }

    /// Reads a quoted scalar at the start; returns its text, and the index after it.
    private static func quoted(_ content: ArraySlice<UInt8>) -> (text: [UInt8], end: Int)? {
        guard let quote = content.first, "\"'".utf8.contains(quote) else { return nil }
        let isDouble = quote == UInt8(ascii: "\"")
        var text: [UInt8] = []
        var index = content.startIndex + 1
        while index < content.endIndex {
            let byte = content[index]
            let next = index + 1 < content.endIndex ? content[index + 1] : nil
            if isDouble, byte == UInt8(ascii: "\\") {
                // The other escapes are not needed.
                guard let next, "\"\\/".utf8.contains(next) else { return nil }
                text.append(next)
                index += 2
            } else if byte == quote {
                guard !isDouble, next == quote else { return (text, index + 1) }
                text.append(quote)
                index += 2
            } else {
                text.append(byte)
                index += 1
            }
        }
        return nil
    }
}
