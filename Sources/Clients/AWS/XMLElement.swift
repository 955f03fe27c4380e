import Basics
import JSON

/// An element of an XML document: a response of the query protocol or an error of S3.
///
/// Names lose their prefix, attributes are ignored, and only XML's five entities and numeric character references are
/// accepted, because AWS sends no others.
package struct XMLElement: Sendable, Equatable {
    package var name: String
    /// The text directly inside the element, trimmed if there are child elements.
    package var text: String
    package var children: [XMLElement]

    /// The first child with the name.
    package subscript(name: String) -> XMLElement? { children.first { $0.name.isIdentical(to: name) } }

    /// Returns the text of the first child with the name; nil if it is missing or empty.
    package func text(of name: String) -> String? {
        self[name].flatMap { $0.text.isEmpty ? nil : $0.text }
    }

    /// Returns the elements of a list: all children `member` of the child `name`.
    package func list(_ name: String) -> [XMLElement] {
        self[name]?.children.filter { $0.name.isIdentical(to: "member") } ?? []
    }

    /// Returns the first element with the name in document order: this element or a descendant.
    package func first(_ name: String) -> XMLElement? {
        if self.name.isIdentical(to: name) { return self }
        for child in children { if let found = child.first(name) { return found } }
        return nil
    }
}

extension XMLElement {
    /// Fails unless `bytes` are one well-formed element, optionally with a declaration and comments around it.
    package init?(parsing bytes: [UInt8]) {
        guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
        var parser = XMLParser(text)
        guard let element = parser.document() else { return nil }
        self = element
    }
}

/// A parser that passes over a document once; its functions return nil if the document is not well-formed.
///
/// It iterates over Unicode scalars, because a combining mark after a `>` is text and not part of the tag.
private struct XMLParser {
    private typealias Text = Substring.UnicodeScalarView

    private var rest: Text
    private var elements = 0
    private static let depthLimit = 64
    /// Far above any real response, and low enough that a hostile one does not exhaust memory.
    private static let elementLimit = 200_000

    init(_ text: String) { rest = text[...].unicodeScalars }

    mutating func document() -> XMLElement? {
        _ = pass("\u{FEFF}")
        guard skipMiscellaneous(), let element = element(depth: 0), skipMiscellaneous(), rest.isEmpty else {
            return nil
        }
        return element
    }

    /// Skips white space, declarations and comments; rejects a document type, which could define entities.
    private mutating func skipMiscellaneous() -> Bool {
        while true {
            rest = rest.drop(while: \.properties.isWhitespace)
            if hasPrefix("<?") {
                guard skip(through: "?>") else { return false }
            } else if hasPrefix("<!--") {
                guard skip(through: "-->") else { return false }
            } else {
                return !hasPrefix("<!")
            }
        }
    }

    private mutating func element(depth: Int) -> XMLElement? {
        guard depth < Self.depthLimit, pass("<"), let name = name(), let isEmpty = endOfTag() else { return nil }
        elements += 1
        guard elements <= Self.elementLimit else { return nil }
        var element = XMLElement(name: Self.localName(name), text: "", children: [])
        guard !isEmpty else { return element }
        while true {
            if pass("</") {
                guard let closed = self.name(), closed.elementsEqual(name) else { return nil }
                rest = rest.drop(while: \.properties.isWhitespace)
                guard pass(">") else { return nil }
                if !element.children.isEmpty { element.text = element.text.trimmingWhitespace }
                return element
            } else if hasPrefix("<!--") {
                guard skip(through: "-->") else { return nil }
            } else if pass("<![CDATA[") {
                guard let end = rest.range(of: "]]>".unicodeScalars) else { return nil }
                element.text += String(rest[..<end.lowerBound])
                rest = rest[end.upperBound...]
            } else if hasPrefix("<") {
                guard let child = self.element(depth: depth + 1) else { return nil }
                element.children.append(child)
            } else {
                guard let text = characters() else { return nil }
                element.text += text
            }
        }
    }

    /// Skips attributes and the end of a start tag; returns true if the tag also ends its element.
    private mutating func endOfTag() -> Bool? {
        while true {
            rest = rest.drop(while: \.properties.isWhitespace)
            if pass("/>") { return true }
            if pass(">") { return false }
            guard name() != nil else { return nil }
            rest = rest.drop(while: \.properties.isWhitespace)
            guard pass("=") else { return nil }
            rest = rest.drop(while: \.properties.isWhitespace)
            guard let quote = rest.first, quote == "\"" || quote == "'" else { return nil }
            rest.removeFirst()
            guard let end = rest.firstIndex(of: quote) else { return nil }
            rest = rest[rest.index(after: end)...]
        }
    }

    private mutating func name() -> Text? {
        let name = rest.prefix { !$0.properties.isWhitespace && !"<>/=&\"'".unicodeScalars.contains($0) }
        rest = rest[name.endIndex...]
        // A document type or a processing instruction is not an element.
        return name.isEmpty || name.first == "!" || name.first == "?" ? nil : name
    }

    /// Reads text up to the next tag and resolves its references.
    private mutating func characters() -> String? {
        let raw = rest.prefix { $0 != "<" }
        guard raw.endIndex < rest.endIndex else { return nil }
        rest = rest[raw.endIndex...]
        var text = ""
        var remaining = raw
        while let ampersand = remaining.firstIndex(of: "&") {
            text += String(remaining[..<ampersand])
            guard let end = remaining[ampersand...].firstIndex(of: ";") else { return nil }
            let reference = String(remaining[remaining.index(after: ampersand)..<end])
            guard let character = Self.character(reference) else { return nil }
            text.unicodeScalars.append(character)
            remaining = remaining[remaining.index(after: end)...]
        }
        return text + String(remaining)
    }

    private static func character(_ reference: String) -> Unicode.Scalar? {
        switch reference {
        case "amp": "&"
        case "lt": "<"
        case "gt": ">"
        case "quot": "\""
        case "apos": "'"
        case _ where reference.utf8.starts(with: "#x".utf8): character(reference.utf8.dropFirst(2), radix: 16)
        case _ where reference.utf8.starts(with: "#".utf8): character(reference.utf8.dropFirst(), radix: 10)
        default: nil
        }
    }

    /// Returns the character of an unsigned number; of control characters, XML allows only white space.
    private static func character(_ digits: Substring.UTF8View, radix: Int) -> Unicode.Scalar? {
        guard digits.first != UInt8(ascii: "+"), digits.first != UInt8(ascii: "-"),
            let value = UInt32(String(decoding: digits, as: UTF8.self), radix: radix),
            value >= 0x20 || [9, 10, 13].contains(value)
        else { return nil }
        return Unicode.Scalar(value)
    }

    private static func localName(_ name: Text) -> String {
        String(name.split(separator: ":").last ?? name)
    }

    private func hasPrefix(_ text: String) -> Bool { rest.starts(with: text.unicodeScalars) }

    private mutating func pass(_ text: String) -> Bool {
        guard hasPrefix(text) else { return false }
        rest.removeFirst(text.unicodeScalars.count)
        return true
    }

    private mutating func skip(through text: String) -> Bool {
        guard let range = rest.range(of: text.unicodeScalars) else { return false }
        rest = rest[range.upperBound...]
        return true
    }
}

extension String {
    fileprivate var trimmingWhitespace: String {
        let scalars = unicodeScalars
        guard let start = scalars.firstIndex(where: { !$0.properties.isWhitespace }),
            let end = scalars.lastIndex(where: { !$0.properties.isWhitespace })
        else { return "" }
        return String(scalars[start...end])
    }
}
