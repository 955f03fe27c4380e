import Basics
import Clients
import JSON
import Transport

/// The bucket with the code and the templates of all deployed versions.
struct DeployBucket: Sendable {
    static let option = Option<String?>(
        "--bucket", value: "NAME", otherwise: "concert-data-deploy-ACCOUNT-REGION, which is created",
        "the bucket for the zip and the template, in the Region of the stack")

    let name: String
    /// Whether the command creates the bucket if it does not exist.
    let isOurs: Bool
    let session: AWSSession
    /// The account that must own the bucket; nil for a bucket that was named explicitly, which may be of any account.
    private let owner: String?

    init(name: String?, account: String, session: AWSSession) {
        self.name = name ?? "concert-data-deploy-\(account)-\(session.region)"
        (isOurs, self.session) = (name == nil, session)
        owner = name == nil ? account : nil
    }

    /// Sends a request about the bucket.
    ///
    /// The default name is predictable, so another account may have created a bucket with it. S3 rejects such a request.
    ///
    /// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-owner-condition.html>
    private func send(_ request: AWSRequest) async throws -> AWSResponse {
        var request = request
        if let owner { request.headers.append(HTTPHeader("x-amz-expected-bucket-owner", owner)) }
        return try await session.send(request)
    }

    /// Returns whether the bucket exists; throws if it cannot be used.
    func exists() async throws -> Bool {
        guard !session.isDryRun else { return !isOurs }
        let head = AWSRequest(service: .s3, operation: "HeadBucket", method: "HEAD", path: [name])
        do {
            _ = try await send(head)
            return true
        } catch let error as AWSError {
            // The response to HEAD has no body, and some servers return no error code.
            if case .unreadable(_, _, 404, _) = error { return false }
            if error.code == "NotFound" { return false }
            throw error
        }
    }

    private static let otherOwner =
        "the bucket belongs to another account, or the credentials lack s3:ListBucket: name another one with --bucket, "
        + "or allow it in their policy"

    /// Returns whether the bucket must be created; adds a finding if it cannot be used.
    func isMissing(_ findings: inout DeployFindings) async throws -> Bool {
        do {
            let isMissing = try await !exists()
            if isMissing, !isOurs {
                findings.faults.append("bucket \(name) does not exist: leave --bucket out, or name one that does")
            }
            return isMissing
        } catch let error as AWSError where error.refusal != nil && !error.isRetryable {
            let advice = isOurs && error.code == "AccessDenied" ? Self.otherOwner : ErrorAdvice.advice(on: error)
            findings.faults.append("bucket \(name): \(error)" + (advice.map { "; \($0)" } ?? ""))
            return false
        }
    }

    /// Creates the bucket with encryption and without public access.
    func create() async throws {
        // CreateBucket has no condition on the owner: it fails if another account owns the bucket.
        var create = AWSRequest(service: .s3, operation: "CreateBucket", method: "PUT", path: [name])
        // S3 rejects us-east-1, its default, as a LocationConstraint.
        if session.region != "us-east-1" {
            create.headers = [HTTPHeader("Content-Type", "application/xml")]
            create.body = Array(
                ("<CreateBucketConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><LocationConstraint>"
                    + session.region + "</LocationConstraint></CreateBucketConfiguration>").utf8)
        }
        do { _ = try await session.send(create) } catch let error as AWSError
            where error.code == "BucketAlreadyOwnedByYou"
        {}
        try await put(
            "PutPublicAccessBlock", "publicAccessBlock",
            "<PublicAccessBlockConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
                + ["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"]
                .map { "<\($0)>true</\($0)>" }.joined() + "</PublicAccessBlockConfiguration>")
        try await put(
            "PutBucketEncryption", "encryption",
            "<ServerSideEncryptionConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Rule>"
                + "<ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm>"
                + "</ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>")
    }

    private func put(_ operation: String, _ subresource: String, _ body: String) async throws {
        var request = AWSRequest(service: .s3, operation: operation, method: "PUT", path: [name])
        request.query = [.init(subresource, "")]
        request.headers = [HTTPHeader("Content-Type", "application/xml")]
        request.body = Array(body.utf8)
        request.addSHA256Checksum()
        _ = try await send(request)
    }

    /// Uploads an object whose key contains the hash of its content, unless it exists.
    func upload(_ bytes: [UInt8], as key: String, contentType: String) async throws {
        guard try await keys(from: key).first(where: { $0.hasSameBytes(as: key) }) == nil else { return }
        try await replace(bytes, as: key, contentType: contentType)
    }

    func replace(_ bytes: [UInt8], as key: String, contentType: String) async throws {
        var request = AWSRequest.putObject(bucket: name, key: key, contentType: contentType, body: bytes)
        // Uploading 12 MB over a slow connection takes minutes.
        request.timeout = .seconds(600)
        _ = try await send(request)
    }

    func object(_ key: String) async throws -> [UInt8] {
        try await send(.getObject(bucket: name, key: key)).body
    }

    /// Returns the keys with a prefix, in ascending order.
    func keys(from prefix: String) async throws -> [String] {
        try await Paging.all { token in
            var request = AWSRequest.listObjects(bucket: name, prefix: prefix, continuationToken: token)
            request.placeholder = Array("<ListBucketResult/>".utf8)
            let answer = try await send(request).xml()
            return Page(
                answer.children.filter { $0.name == "Contents" }.compactMap { $0.text(of: "Key") },
                next: answer.text(of: "NextContinuationToken"))
        }
    }

    /// Returns the URL from which CloudFormation reads an object; it never contains a custom endpoint.
    func url(of key: String) -> String {
        "\(AWSEndpoint(.s3, region: session.region).origin)/\(name)/\(key)"
    }
}
