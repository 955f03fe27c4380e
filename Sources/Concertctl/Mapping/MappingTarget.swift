import Basics
import Clients
import JSON

/// A mapping identified by its UUID, or by its stream and function.
enum MappingTarget: Sendable, Equatable {
    case uuid(String)
    case pair(MappingSource, FunctionReference)

    static let uuid = Option<String?>("--uuid", value: "UUID", "UUID of the mapping, instead of stream and function")
    static let functionName = Option<String>(
        "--function-name", value: "NAME", default: FunctionReference.standard,
        "function as a name, name:alias, partial ARN, or ARN")
    private static let pairOptions: [any CommandOption] = [
        functionName, MappingSource.eventSourceARN, SharedOption.streamName,
    ]
    /// The options of commands for an existing mapping.
    static let options: [any CommandOption] = [uuid] + pairOptions

    /// - Throws: ``UsageError`` if the options identify no mapping or are contradictory.
    init(_ input: Input) throws(UsageError) {
        if let uuid = try input[Self.uuid] {
            if let other = input.first(of: Self.pairOptions) {
                throw UsageError(description: "--uuid and \(other.name) cannot be combined")
            }
            self = .uuid(try Self.checked(uuid))
        } else {
            self = .pair(try Self.source(input), try Self.function(input))
        }
    }

    /// Returns `uuid` if it has the form of a UUID.
    ///
    /// - Throws: ``UsageError`` if not.
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
                description: "no stream specified; pass --stream-name or --event-source-arn, or set "
                    + "\(StreamReference.variable)")
        }
        return source
    }

    /// Finds the mapping.
    ///
    /// - Throws: ``CommandError`` if there is no such mapping or more than one.
    func find(_ session: AWSSession) async throws -> Mapping {
        switch self {
        case .uuid(let uuid):
            guard let mapping = try await session.mapping(uuid) else {
                throw CommandError(
                    description: "mapping \(uuid) does not exist in \(session.region); "
                        + "concertctl mapping list shows the existing ones")
            }
            return mapping
        case .pair(let source, let function):
            let (candidates, isStreamGone) = try await Self.mappings(of: source, function, session)
            let found = candidates.filter { function.matches($0.functionARN) }
            // Prefer a mapping that is not being deleted.
            let staying = found.filter { !$0.isDeleting }
            guard let mapping = staying.first ?? found.first else {
                throw Self.missing(
                    source, function, candidates, isStreamGone, in: session.region)
            }
            guard staying.count < 2 else {
                let uuids = staying.map(\.uuid).joined(separator: ", ")
                throw CommandError(
                    description: "\(staying.count) mappings of stream \(source.stream.name) to function "
                        + "\(function.shortName): \(uuids); pass --uuid")
            }
            return mapping
        }
    }

    /// Returns the mappings of a stream, which exist even after the stream was deleted.
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
                "the stream does not exist either; see concertctl stream list and concertctl mapping list"
            } else {
                "concertctl mapping create creates one, concertctl mapping list shows the existing ones"
            }
        return CommandError(
            description: "no mapping of stream \(source.arn.map(MappingSource.shortName) ?? source.stream.name) to "
                + "function \(function.shortName) in \(region); \(hint)")
    }
}
