import JSON
import Processor

/// Tags of a stream, each key once.
struct StreamTags: Sendable, Equatable {
    private(set) var values: [String: String]

    init(_ values: [String: String]) { self.values = values }

    /// How many a stream can have.
    ///
    /// Source: <https://docs.aws.amazon.com/streams/latest/dev/tagging.html>
    static let limit = 50

    /// - Parameter words: Such as `Project=ConcertDataPlatform`.
    init(parsing words: [String], of option: OptionDescription) throws(UsageError) {
        values = [:]
        for word in words {
            let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2 else {
                throw UsageError(description: "\(option.name) has \"\(word)\"; expected KEY=VALUE")
            }
            try Self.check(key: parts[0], of: option)
            guard parts[1].unicodeScalars.count <= 256 else {
                throw UsageError(description: "\(option.name): the value of \(parts[0]) is longer than 256 characters")
            }
            guard values.updateValue(parts[1], forKey: parts[0]) == nil else {
                throw UsageError(description: "\(option.name) has \(parts[0]) twice")
            }
        }
        guard values.count <= Self.limit else {
            throw UsageError(description: "\(option.name) has \(values.count) tags; a stream can have \(Self.limit)")
        }
    }

    static func check(key: String, of option: OptionDescription) throws(UsageError) {
        guard (1...128).contains(key.unicodeScalars.count), !key.lowercased().hasPrefix("aws:") else {
            throw UsageError(
                description: "\(option.name) has the key \"\(key)\"; expected 1 to 128 characters, not aws: in front")
        }
    }

    private var sorted: [(key: String, value: String)] { values.sorted { $0.key < $1.key } }

    /// As requests have it.
    var map: JSONValue { .object(ofPresent: sorted.map { ($0.key, .string($0.value)) }) }

    /// As answers have it.
    var list: JSONValue { .array(sorted.map { ["Key": .string($0.key), "Value": .string($0.value)] }) }

    /// One a tag, such as `Project=ConcertDataPlatform`.
    var lines: [String] { sorted.map { MessageText.escaped("\($0.key)=\($0.value)") } }

    /// Such as `Environment=development, Project=ConcertDataPlatform`.
    var text: String { values.isEmpty ? "no tags" : lines.joined(separator: ", ") }

    /// Those that `present` lacks or has with another value.
    func missing(in present: StreamTags) -> StreamTags {
        StreamTags(values.filter { key, value in present.values[key] != value })
    }

    func merging(_ others: StreamTags) -> StreamTags { StreamTags(values.merging(others.values) { $1 }) }

    func removing(_ keys: [String]) -> StreamTags { StreamTags(values.filter { key, _ in !keys.contains(key) }) }
}

extension StreamReference {
    /// All pages of `ListTagsForStream`.
    func tags(_ session: AWSSession) async throws -> StreamTags {
        var values: [String: String] = [:]
        var last: String?
        while true {
            let answer = try await session.read(
                request("ListTagsForStream", ("ExclusiveStartTagKey", last.map { .string($0) })))
            let page = (answer["Tags"]?.array ?? []).compactMap { tag in
                tag["Key"]?.string.map { (key: $0, value: tag["Value"]?.string ?? "") }
            }
            values.merge(page.map { ($0.key, $0.value) }) { $1 }
            guard answer["HasMoreTags"]?.bool == true, let next = page.last?.key, next != last else {
                return StreamTags(values)
            }
            last = next
        }
    }
}
