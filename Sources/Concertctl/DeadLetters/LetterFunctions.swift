import Clients
import Processor

/// The functions that process the streams of dead letters, each looked up once.
struct LetterFunctions {
    /// By the stream's ARN, as bytes.
    private var known: [[UInt8]: Result<FunctionReference, LetterStreams.Unavailable>] = [:]

    /// Returns the function that a dead letter names, otherwise the one whose event source mapping reads its stream.
    ///
    /// - Parameters:
    ///   - text: What the dead letter names; text that is not a function's name counts as none.
    ///   - stream: The stream's ARN.
    /// - Throws: ``LetterStreams/Unavailable`` when there is none; ``UsageError`` when there are several.
    mutating func function(
        named text: String?, reading stream: String, _ session: AWSSession
    ) async throws -> FunctionReference {
        if let text, text.utf8.contains(where: { $0 != UInt8(ascii: ".") }), let function = try? FunctionReference(text)
        {
            return function
        }
        let key = Array(stream.utf8)
        if let known = known[key] { return try known.get() }
        let result: Result<FunctionReference, LetterStreams.Unavailable>
        do {
            let mappings = try await session.mappings(of: stream).filter { !$0.isDeleting }
            result = try Self.function(of: mappings, reading: stream)
        } catch let error as AWSError {
            result = .failure(try LetterStreams.unavailable(error))
        }
        known[key] = result
        return try result.get()
    }

    private static func function(
        of mappings: [Mapping], reading stream: String
    ) throws -> Result<FunctionReference, LetterStreams.Unavailable> {
        var functions: [FunctionReference] = []
        var seen: Set<[UInt8]> = []
        for mapping in mappings where seen.insert(Array(mapping.functionARN.utf8)).inserted {
            if let function = try? FunctionReference(mapping.functionARN) { functions.append(function) }
        }
        let name = KinesisStreamARN(stream)?.name ?? stream
        guard functions.count < 2 else {
            throw UsageError(
                description: "\(functions.count) functions read stream \(name): "
                    + functions.map(\.shortName).joined(separator: ", ") + "; choose one with --function-name")
        }
        guard let function = functions.first else {
            return .failure(
                LetterStreams.Unavailable(
                    problem: "no event source mapping reads stream \(name); choose a function with --function-name"))
        }
        return .success(function)
    }
}

extension Letter {
    /// The function that it names.
    var function: String? {
        switch self {
        case .record(let record): record.function
        case .batch(let batch): batch.functionARN
        case .unknown: nil
        }
    }
}
