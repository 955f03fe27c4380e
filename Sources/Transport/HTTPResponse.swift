/// The answer to a request, whatever its status.
public struct HTTPResponse: Sendable, Equatable {
    public var status: Int
    public var headers: HTTPHeaders
    public var body: [UInt8]

    public init(status: Int, headers: HTTPHeaders = [:], body: [UInt8] = []) {
        (self.status, self.headers, self.body) = (status, headers, body)
    }
}

/// The headers of an answer, in the order in which they came, found by name in any letter case.
public struct HTTPHeaders: Sendable, Equatable {
    private var fields: [HTTPHeader] = []

    public init() {}

    /// The value of the first header of this name.
    public subscript(name: String) -> String? { fields.first { $0.name.isEqualIgnoringCase(to: name) }?.value }

    /// Adds a header after the others, also when there is one of that name already.
    public mutating func append(_ name: String, _ value: String) { fields.append(HTTPHeader(name, value)) }

    /// Forgets every header: those of an interim answer are not those of the answer.
    mutating func removeAll() { fields.removeAll(keepingCapacity: true) }
}

/// Literals, for tests and fakes.
extension HTTPHeaders: ExpressibleByDictionaryLiteral {
    public init(dictionaryLiteral elements: (String, String)...) {
        for (name, value) in elements { append(name, value) }
    }
}

/// Order: as received.
extension HTTPHeaders: Sequence {
    public func makeIterator() -> IndexingIterator<[HTTPHeader]> { fields.makeIterator() }
}

extension String {
    /// Whether both are the same header name; ASCII letters only, as header names are.
    func isEqualIgnoringCase(to other: String) -> Bool {
        utf8.count == other.utf8.count && zip(utf8, other.utf8).allSatisfy { $0.asciiLowercased == $1.asciiLowercased }
    }
}

extension UInt8 {
    fileprivate var asciiLowercased: UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(self) ? self | 0x20 : self
    }
}
