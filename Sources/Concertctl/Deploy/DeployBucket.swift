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
    /// Whether it is made where it is missing.
    let isOurs: Bool
    let session: AWSSession

    init(name: String?, account: String, session: AWSSession) {
        self.name = name ?? "concert-data-deploy-\(account)-\(session.region)"
        (isOurs, self.session) = (name == nil, session)
    }

    /// Finds out whether the bucket exists and may be used.
    func exists() async throws -> Bool {
        guard !session.isDryRun else { return !isOurs }
        let head = AWSRequest(service: .s3, operation: "HeadBucket", method: "HEAD", path: [name])
        do {
            _ = try await session.send(head)
            return true
        } catch let error as AWSError {
            // The answer to HEAD has no body, and not every server names a code.
            if case .unreadable(_, _, 404, _) = error { return false }
            if error.code == "NotFound" { return false }
            throw error
        }
    }

    /// Returns whether the bucket must be created; adds a finding if it cannot be used.
    func isMissing(_ findings: inout DeployFindings) async throws -> Bool {
        do {
            let isMissing = try await !exists()
            if isMissing, !isOurs {
                findings.faults.append("bucket \(name) does not exist: leave --bucket out, or name one that does")
            }
            return isMissing
        } catch let error as AWSError where error.refusal != nil && !error.isRetryable {
            let advice = ErrorAdvice.advice(on: error).map { "; \($0)" } ?? ""
            findings.faults.append("bucket \(name): \(error)\(advice)")
            return false
        }
    }

    /// Creates it, encrypted and closed to the public.
    func create() async throws {
        var create = AWSRequest(service: .s3, operation: "CreateBucket", method: "PUT", path: [name])
        // The Region without which a bucket is made there must not be named.
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
        _ = try await session.send(request)
    }

    /// Uploads an object whose key its content determines, unless it is there.
    func upload(_ bytes: [UInt8], as key: String, contentType: String) async throws {
        guard try await keys(from: key).first(where: { $0.hasSameBytes(as: key) }) == nil else { return }
        try await replace(bytes, as: key, contentType: contentType)
    }

    func replace(_ bytes: [UInt8], as key: String, contentType: String) async throws {
        var request = AWSRequest.putObject(bucket: name, key: key, contentType: contentType, body: bytes)
        // On a slow line 12 MB take their time.
        request.timeout = .seconds(600)
        _ = try await session.send(request)
    }

    func object(_ key: String) async throws -> [UInt8] {
        try await session.send(.getObject(bucket: name, key: key)).body
    }

    /// The keys that begin so, in order.
    func keys(from prefix: String) async throws -> [String] {
        try await Paging.all { token in
            var request = AWSRequest.listObjects(bucket: name, prefix: prefix, continuationToken: token)
            request.placeholder = Array("<ListBucketResult/>".utf8)
            let answer = try await session.send(request).xml()
            return Page(
                answer.children.filter { $0.name == "Contents" }.compactMap { $0.text(of: "Key") },
                next: answer.text(of: "NextContinuationToken"))
        }
    }

    /// The URL by which CloudFormation fetches an object: AWS's own, whatever endpoint is called here.
    func url(of key: String) -> String {
        "\(AWSEndpoint(.s3, region: session.region).origin)/\(name)/\(key)"
    }
}
