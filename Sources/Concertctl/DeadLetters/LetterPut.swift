import Clients
import JSON

/// Puts records of dead letters back on one stream, those of a key in their order.
struct LetterPut {
    private let stream: StreamReference
    private let session: AWSSession
    private var queue: PutQueue
    /// Requests in a row by which nothing came on the stream.
    private var fruitless = 0
    private var lastRefusal = ""

    private static let patience = 10

    /// - Parameter entries: Their numbers are what ``next()`` returns.
    init(_ stream: StreamReference, _ session: AWSSession, limits: PutQueue.Limits, entries: [PutQueue.PutEntry]) {
        (self.stream, self.session) = (stream, session)
        queue = PutQueue(limits: limits)
        for entry in entries { queue.add(entry) }
    }

    /// Makes one request.
    ///
    /// - Returns: The numbers of records that are on the stream since; nil when all are.
    /// - Throws: When the stream takes none of what is left.
    mutating func next() async throws -> [Int]? {
        guard !queue.isEmpty else { return nil }
        if fruitless > 0 {
            try await Task.sleep(for: .milliseconds(Int.random(in: 0...min(5000, 50 << min(fruitless, 8)))))
        }
        try Task.checkCancellation()
        let records = queue.next()
        let put: [Int]
        do { put = try take(try await session.send(stream.putRecords(records)).json(), of: records) } catch {
            for record in records.reversed() { queue.putBack(record) }
            fruitless += 1
            guard AWSSession.isRetryable(error), fruitless < Self.patience else { throw error }
            return []
        }
        guard fruitless < Self.patience else {
            throw CommandError(
                description: "kinesis PutRecords: \(Self.patience) requests in a row put no record on the stream "
                    + "\(stream.name): \(lastRefusal)")
        }
        return put
    }

    /// The requests that would be made if each put all of its records, with these records' numbers.
    func plannedRequests() -> [(request: AWSRequest, numbers: [Int])] {
        var queue = queue
        var requests: [(request: AWSRequest, numbers: [Int])] = []
        while !queue.isEmpty {
            let records = queue.next()
            for record in records { queue.confirm(record) }
            requests.append((stream.putRecords(records), records.map(\.entry.number)))
        }
        return requests
    }

    /// - Returns: Numbers of the records that are on the stream.
    private mutating func take(_ answer: JSONValue, of records: [PutQueue.InFlight]) throws(AWSError) -> [Int] {
        let results = answer["Records"]?.array ?? []
        guard results.count == records.count else {
            throw .unreadable(
                service: "kinesis", operation: "PutRecords", status: 200,
                found: "\(results.count) results for \(records.count) records")
        }
        var put: [Int] = []
        // Backwards, so that what is put back at the front of its key is in order.
        for (record, result) in zip(records, results).reversed() {
            if result["SequenceNumber"]?.string != nil, result["ErrorCode"]?.string == nil {
                put.append(record.entry.number)
                queue.confirm(record)
            } else {
                lastRefusal = "\(result["ErrorCode"]?.string ?? "no sequence number")"
                queue.putBack(record)
            }
        }
        fruitless = put.isEmpty ? fruitless + 1 : 0
        return put
    }
}
