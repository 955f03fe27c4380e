import Basics
import Clients
import Processor

/// The functions that process the streams of dead letters, each looked up once.
struct LetterFunctions {
    /// All event source mappings of the account and Region; nil until they are needed.
    private var mappings: Result<[Mapping], LetterStreams.Unavailable>?

    /// Returns the function that a dead letter names, otherwise the one whose event source mapping reads its stream.
    ///
    /// - Parameters:
    ///   - text: The function of the dead letter; ignored if it is not a valid function name.
    ///   - stream: The stream's ARN.
    /// - Throws: ``LetterStreams/Unavailable`` if there is none; ``UsageError`` if there are several.
    mutating func function(
        named text: String?, reading stream: String, _ session: AWSSession
    ) async throws -> FunctionReference {
        if let text, text.utf8.contains(where: { $0 != UInt8(ascii: ".") }), let function = try? FunctionReference(text)
        {
            return function
        }
        // Lists all mappings, because the filter by stream omits those of its enhanced fan-out consumers.
        if mappings == nil {
            do { mappings = .success(try await session.mappings(of: nil)) } catch let error as AWSError {
                mappings = .failure(try LetterStreams.unavailable(error))
            }
        }
        let found = try mappings?.get() ?? []
        let reading = found.filter { mapping in
            !mapping.isDeleting
                && KinesisStreamARN(mapping.sourceARN)?.arn.description.utf8.elementsEqual(stream.utf8) ?? false
        }
        return try Self.function(of: reading, reading: stream).get()
    }

    private static func function(
        of mappings: [Mapping], reading stream: String
    ) throws -> Result<FunctionReference, LetterStreams.Unavailable> {
        var functions: [FunctionReference] = []
        var seen: Set<[UInt8]> = []
        for mapping in mappings where seen.insert(Array(mapping.functionARN.utf8)).inserted {
            // Mappings and their functions are in the same account and Region, where the name is unique.
            if let function = try? FunctionReference(mapping.functionARN),
                let short = try? FunctionReference(function.shortName)
            {
                functions.append(short)
            }
        }
        let name = KinesisStreamARN(stream)?.name ?? stream
        guard functions.count < 2 else {
            throw UsageError(
                description: "\(functions.count) functions read stream \(name): "
                    + functions.map(\.shortName).joined(separator: ", ") + "; select one with --function-name")
        }
        guard let function = functions.first else {
            return .failure(
                LetterStreams.Unavailable(
                    problem: "no event source mapping reads stream \(name); pass --function-name"))
        }
        return .success(function)
    }
}

extension Letter {
    /// The function that the dead letter names.
    var function: String? {
        switch self {
        case .record(let record): record.function
        case .batch(let batch): batch.functionARN
        case .unknown: nil
        }
    }
}
