import Clients
import JSON

/// The mapping that a command is about: by its UUID, or by the stream and the function that it joins.
enum MappingTarget: Sendable, Equatable {
    case uuid(String)
    case pair(MappingSource, FunctionReference)

    static let uuid = Option<String?>("--uuid", value: "UUID", "the mapping, in place of stream and function")
    static let functionName = Option<String>(
        "--function-name", value: "NAME", default: FunctionReference.standard,
        "the function: a name, name:alias, partial ARN or ARN")
    private static let pairOptions: [any CommandOption] = [
        functionName, MappingSource.eventSourceARN, SharedOption.streamName,
    ]
    /// Of commands for a mapping that exists.
    static let options: [any CommandOption] = [uuid] + pairOptions

    /// - Throws: ``UsageError`` when it names no mapping, or two.
    init(_ input: Input) throws(UsageError) {
        if let uuid = try input[Self.uuid] {
            if let other = input.first(of: Self.pairOptions) {
                throw UsageError(description: "--uuid names the mapping already; leave \(other.name) out")
            }
            self = .uuid(try Self.checked(uuid))
        } else {
            self = .pair(try Self.source(input), try Self.function(input))
        }
    }

    /// - Throws: ``UsageError`` unless it has the form of a mapping's UUID.
    static func checked(_ uuid: String) throws(UsageError) -> String {
        guard !uuid.isEmpty, uuid.utf8.count <= 100,
            uuid.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") })
        else {
            throw UsageError(
                description: "--uuid is \"\(uuid)\"; expected a UUID such as 14e0db71-5d35-4eb5-b481-8945cf9d10c2, "
                    + "which concertctl mapping list shows")
        }
        return uuid
    }

    static func function(_ input: Input) throws(UsageError) -> FunctionReference {
        try FunctionReference(input[functionName])
    }

    static func source(_ input: Input) throws(UsageError) -> MappingSource {
        guard let source = try MappingSource(input) else {
            throw UsageError(
                description: "no stream is named: give --stream-name or --event-source-arn, or set "
                    + "\(StreamReference.variable)")
        }
        return source
    }

    /// - Throws: ``CommandError`` when there is no such mapping, or more than one.
    func find(_ session: AWSSession) async throws -> Mapping {
        switch self {
        case .uuid(let uuid):
            guard let mapping = try await session.mapping(uuid) else {
                throw CommandError(
                    description: "no mapping has the UUID \(uuid) in \(session.region); "
                        + "concertctl mapping list shows those that there are")
            }
            return mapping
        case .pair(let source, let function):
            let (candidates, isStreamGone) = try await Self.mappings(of: source, function, session)
            let found = candidates.filter { function.matches($0.functionARN) }
            // One that is on its way out is meant only where there is no other.
            let staying = found.filter { !$0.isDeleting }
            guard let mapping = staying.first ?? found.first else {
                throw Self.missing(
                    source, function, candidates, isStreamGone, in: session.region)
            }
            guard staying.count < 2 else {
                let uuids = staying.map(\.uuid).joined(separator: ", ")
                throw CommandError(
                    description: "\(staying.count) mappings join stream \(source.stream.name) and function "
                        + "\(function.shortName): \(uuids); say which by --uuid")
            }
            return mapping
        }
    }

    /// Of a stream that was deleted, too: its mappings outlive it.
    private static func mappings(
        of source: MappingSource, _ function: FunctionReference, _ session: AWSSession
    ) async throws -> (found: [Mapping], isStreamGone: Bool) {
        do {
            let arn = try await source.resolvedARN(session)
            let planned = try Mapping(
                [
                    "UUID": .string(Mapping.placeholderUUID), "EventSourceArn": .string(arn),
                    "FunctionArn": .string(function.text),
                ], answered: "ListEventSourceMappings")
            return (try await session.mappings(of: arn, planned: planned), false)
        } catch let error as AWSError where error.code == "ResourceNotFoundException" && source.arn == nil {
            let all = try await session.mappings(of: nil)
            return (all.filter { MappingSource.streamName($0.sourceARN) == source.stream.name }, true)
        }
    }

    private static func missing(
        _ source: MappingSource, _ function: FunctionReference, _ candidates: [Mapping], _ isStreamGone: Bool,
        in region: String
    ) -> CommandError {
        let others = candidates.compactMap { try? FunctionReference($0.functionARN).shortName }
        let hint =
            if !others.isEmpty {
                "there are mappings to \(others.joined(separator: ", "))"
            } else if isStreamGone {
                "nor is there such a stream: concertctl stream list and concertctl mapping list show what there is"
            } else {
                "concertctl mapping create makes one, concertctl mapping list shows those that there are"
            }
        return CommandError(
            description: "no mapping joins stream \(source.arn.map(MappingSource.shortName) ?? source.stream.name) and "
                + "function \(function.shortName) in \(region); \(hint)")
    }
}
