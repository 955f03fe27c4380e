import Clients

/// An S3 bucket of dead letters, with one object per letter.
struct DeadLetterBucket: Sendable {
    let name: String
    let clients: ClientPool<AWSClient>

    /// The number of concurrent writes; one takes about 20 ms, and a batch may have thousands of letters.
    private static let lanes = 8

    /// Writes letters until all are written or one fails.
    func write(_ letters: [(index: Int, letter: DeadLetter)], _ outcomes: inout RecordOutcomes) async {
        var rest = letters[...]
        while !rest.isEmpty {
            let part = rest.prefix(Self.lanes)
            rest = rest.dropFirst(Self.lanes)
            let results = await withTaskGroup(of: (Int, RecordOutcome).self) { group in
                for (index, letter) in part { group.addTask { (index, await write(letter)) } }
                var results: [(Int, RecordOutcome)] = []
                for await result in group { results.append(result) }
                return results
            }
            for (index, outcome) in results { outcomes[index] = outcome }
            if let failed = results.first(where: { $0.1 != .succeeded }) {
                for (index, _) in rest { outcomes[index] = failed.1 }
                return
            }
        }
    }

    /// Writes one letter.
    ///
    /// - Returns: `succeeded` only after a response with status 200 and an ETag; any other response does not confirm that
    ///   S3 stored the object.
    private func write(_ letter: DeadLetter) async -> RecordOutcome {
        let client = clients.take()
        defer { clients.giveBack(client) }
        do {
            let response = try await client.send(
                .putObject(bucket: name, key: letter.key, contentType: "application/json", body: letter.body))
            guard response.isStoredObject else {
                return .retryable(
                    reason: "s3 PutObject: status \(response.status) without an ETag is not a response of S3; "
                        + "check the endpoint, and proxies between it and the function")
            }
            return .succeeded
        } catch is CancellationError {
            return .retryable(reason: "s3: no time left")
        } catch {
            return .retryable(reason: "\(error)")
        }
    }
}

extension AWSResponse {
    /// Whether S3 confirms with this response to `PutObject` that it stored the object: status 200 and an ETag.
    ///
    /// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html#API_PutObject_ResponseSyntax>
    var isStoredObject: Bool { status == 200 && headers["etag"]?.isEmpty == false }
}
