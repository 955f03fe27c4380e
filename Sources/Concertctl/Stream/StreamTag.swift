import Clients
import JSON

/// The commands that list, add, and remove a stream's tags.
struct StreamTag: Command {
    private static let tags = Option<[String]>(
        "--tags", value: "KEY=VALUE", default: [], "tags to add; replaces the value of an existing key")
    private static let tagKeys = Option<[String]>("--tag-keys", value: "KEY", default: [], "tags to remove")
    static let description = CommandDescription(
        name: "stream tag", summary: "list, add, and remove tags",
        discussion: "Without --tags and --tag-keys, lists the tags. A stream can have 50 tags.",
        options: [tags, tagKeys] + StreamChange.waitingOptions,
        examples: [
            "concertctl stream tag",
            "concertctl stream tag --tags Project=ConcertDataPlatform Environment=production",
            "concertctl stream tag --stream-name concert-data-stream --tag-keys Environment",
        ])

    private let change: StreamChange
    private let added: StreamTags
    private let removed: [String]

    init(_ input: Input) throws {
        added = try StreamTags(parsing: input[Self.tags], of: Self.tags)
        removed = try input[Self.tagKeys]
        for key in removed {
            try StreamTags.check(key: key, of: Self.tagKeys)
            guard !added.has(key: key) else {
                throw UsageError(description: "\(key) cannot be both added and removed")
            }
        }
        guard Set(removed.map { Array($0.utf8) }).count <= StreamTags.limit else {
            throw UsageError(
                description:
                    "\(Self.tagKeys.name) has more than \(StreamTags.limit) keys, the most that a stream can have")
        }
        guard !input.isDryRun || !added.isEmpty || !removed.isEmpty else {
            throw UsageError(description: "--dry-run requires --tags or --tag-keys")
        }
        change = try StreamChange(input, canSkipWaiting: false)
    }

    func run() async throws -> ExitStatus {
        let before = try await change.stream.tags(change.session, planned: removed)
        let after = try await change.setTags(added, removing: removed, from: before)
        let isList = added.isEmpty && removed.isEmpty
        change.session.show(
            text: isList ? .lines(after.isEmpty ? after.text : after.lines.joined(separator: "\n")) : nil,
            json: after.list)
        if !isList {
            let verdict = after == before ? "unchanged" : "changed"
            change.session.say("stream \(change.stream.name): \(after.text), \(verdict)")
        }
        return .done
    }
}

extension StreamChange {
    /// Adds and removes the tags that differ from `before`.
    ///
    /// - Returns: The stream's tags after the change.
    func setTags(
        _ added: StreamTags, removing removed: [String] = [], from before: StreamTags
    ) async throws -> StreamTags {
        let after = before.removing(removed).merging(added)
        guard after.count <= StreamTags.limit else {
            throw CommandError(
                description: "stream \(stream.name) would have \(after.count) tags, more than the limit of "
                    + "\(StreamTags.limit); remove some with concertctl stream tag --tag-keys")
        }
        let obsolete = removed.filter { before.has(key: $0) }
        if !obsolete.isEmpty { _ = try await call(stream.removal(of: obsolete)) }
        let missing = added.missing(in: before)
        if !missing.isEmpty { _ = try await call(stream.addition(of: missing)) }
        return after
    }
}

extension StreamReference {
    func addition(of tags: StreamTags) -> AWSRequest { request("AddTagsToStream", ("Tags", tags.map)) }

    func removal(of keys: [String]) -> AWSRequest {
        request("RemoveTagsFromStream", ("TagKeys", .array(keys.map { .string($0) })))
    }
}
