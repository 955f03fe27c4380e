/// A response to a request, regardless of its status.
package struct HTTPResponse: Sendable, Equatable {
    package var status: Int
    package var headers: HTTPHeaders
    package var body: [UInt8]

    package init(status: Int, headers: HTTPHeaders = [:], body: [UInt8] = []) {
        (self.status, self.headers, self.body) = (status, headers, body)
    }
}

/// The headers of a response in the order received, with case-insensitive lookup.
package struct HTTPHeaders: Sendable, Equatable {
    private var fields: [HTTPHeader] = []

    package init() {}

    /// The value of the first header with the name.
    package subscript(name: String) -> String? { fields.first { $0.name.isEqualIgnoringCase(to: name) }?.value }

    /// Appends a header, even if there already is one with the name.
    package mutating func append(_ name: String, _ value: String) { fields.append(HTTPHeader(name, value)) }

    /// Removes all headers, because those of an interim response do not belong to the final one.
    mutating func removeAll() { fields.removeAll(keepingCapacity: true) }
}

/// Literals, for tests and fakes.
extension HTTPHeaders: ExpressibleByDictionaryLiteral {
    package init(dictionaryLiteral elements: (String, String)...) {
        for (name, value) in elements { append(name, value) }
    }
}

/// Iteration in the order received.
extension HTTPHeaders: Sequence {
    package func makeIterator() -> IndexingIterator<[HTTPHeader]> { fields.makeIterator() }
}

extension String {
    /// Returns whether both names are equal, ignoring the case of ASCII letters.
    func isEqualIgnoringCase(to other: String) -> Bool {
        utf8.count == other.utf8.count && zip(utf8, other.utf8).allSatisfy { $0.asciiLowercased == $1.asciiLowercased }
    }
}

extension UInt8 {
    fileprivate var asciiLowercased: UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(self) ? self | 0x20 : self
    }
}
