import Clients
import JSON
import Processor

/// The tags of a stream, each key once.
struct StreamTags: Sendable, Equatable {
    /// Values by key, as bytes, because AWS compares keys as bytes.
    private var values: [[UInt8]: [UInt8]]

    private init(_ values: [[UInt8]: [UInt8]]) { self.values = values }

    /// Creates an empty set of tags.
    init() { values = [:] }

    var isEmpty: Bool { values.isEmpty }
    var count: Int { values.count }

    func has(key: String) -> Bool { values[Array(key.utf8)] != nil }

    /// The most tags that a stream can have.
    ///
    /// Source: <https://docs.aws.amazon.com/streams/latest/dev/tagging.html>
    static let limit = 50

    /// Parses tags in the form `KEY=VALUE`.
    ///
    /// - Parameter words: Such as `Project=ConcertDataPlatform`.
    init(parsing words: [String], of option: some CommandOption) throws(UsageError) {
        values = [:]
        for word in words {
            let parts = word.utf8.split(
                separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false
            ).map { String(decoding: $0, as: UTF8.self) }
            guard parts.count == 2 else {
                throw UsageError(description: "\(option.name) has \"\(word)\"; expected KEY=VALUE")
            }
            try Self.check(key: parts[0], of: option)
            guard parts[1].unicodeScalars.count <= 256 else {
                throw UsageError(description: "\(option.name): the value of \(parts[0]) is longer than 256 characters")
            }
            guard values.updateValue(Array(parts[1].utf8), forKey: Array(parts[0].utf8)) == nil else {
                throw UsageError(description: "\(option.name) has the key \(parts[0]) twice")
            }
        }
        guard values.count <= Self.limit else {
            throw UsageError(
                description: "\(option.name) has \(values.count) tags; a stream can have at most \(Self.limit)")
        }
    }

    static func check(key: String, of option: some CommandOption) throws(UsageError) {
        guard (1...128).contains(key.unicodeScalars.count), !key.lowercased().utf8.starts(with: "aws:".utf8) else {
            throw UsageError(
                description:
                    "\(option.name) has the key \"\(key)\"; expected 1 to 128 characters that do not begin with aws:")
        }
    }

    private var sorted: [(key: String, value: String)] {
        values.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map {
            (String(decoding: $0.key, as: UTF8.self), String(decoding: $0.value, as: UTF8.self))
        }
    }

    /// The form of requests.
    var map: JSONValue { .object(ofPresent: sorted.map { ($0.key, .string($0.value)) }) }

    /// The form of responses.
    var list: JSONValue { .array(sorted.map { ["Key": .string($0.key), "Value": .string($0.value)] }) }

    /// One line per tag, such as `Project=ConcertDataPlatform`.
    var lines: [String] { sorted.map { MessageText.escaped("\($0.key)=\($0.value)") } }

    /// All tags on one line, such as `Environment=development, Project=ConcertDataPlatform`.
    var text: String { values.isEmpty ? "no tags" : lines.joined(separator: ", ") }

    /// Returns the tags that `present` does not contain with the same value.
    func missing(in present: StreamTags) -> StreamTags {
        StreamTags(values.filter { key, value in present.values[key] != value })
    }

    mutating func set(_ value: String, forKey key: String) { values[Array(key.utf8)] = Array(value.utf8) }

    func merging(_ others: StreamTags) -> StreamTags { StreamTags(values.merging(others.values) { $1 }) }

    func removing(_ keys: [String]) -> StreamTags {
        let keys = Set(keys.map { Array($0.utf8) })
        return StreamTags(values.filter { key, _ in !keys.contains(key) })
    }
}

extension StreamReference {
    /// Returns all pages of `ListTagsForStream`.
    ///
    /// - Parameter planned: The keys that a dry run assumes to exist.
    func tags(_ session: AWSSession, planned: [String] = []) async throws -> StreamTags {
        let placeholder: JSONValue = ["Tags": .array(planned.map { ["Key": .string($0), "Value": ""] })]
        let pages = try await Paging.all { last in
            let answer = try await session.send(
                request("ListTagsForStream", ("ExclusiveStartTagKey", last.map { .string($0) })).standingIn(placeholder)
            ).json()
            let page = (answer["Tags"]?.array ?? []).compactMap { tag in
                tag["Key"]?.string.map { (key: $0, value: tag["Value"]?.string ?? "") }
            }
            return Page(page, next: answer["HasMoreTags"]?.bool == true ? page.last?.key : nil)
        }
        var tags = StreamTags()
        for tag in pages { tags.set(tag.value, forKey: tag.key) }
        return tags
    }
}
