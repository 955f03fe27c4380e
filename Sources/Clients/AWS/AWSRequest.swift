import Basics
import JSON
import Transport

/// One call of one operation, before it has an endpoint and a signature.
package struct AWSRequest: Sendable, Equatable {
    package var service: AWSService
    /// AWS's name of it, such as `CreateStream`.
    package var operation: String
    package var method: String
    /// The parts between the slashes, not encoded.
    package var path: [String]
    /// Not encoded, in any order.
    package var query: [QueryItem] = []
    package var headers: [HTTPHeader] = []
    package var body: [UInt8] = []
    /// The limit of one attempt, from the first byte sent to the last byte received.
    package var timeout: Duration = .seconds(60)
    /// The maximum number of attempts; nil for the client's limit.
    package var maxAttempts: Int?
    /// Whether cancellation of the task ends an attempt in flight.
    ///
    /// False for requests whose outcome must be known, such as `PutRecords`.
    package var isAbandonedOnCancel = true
    /// False for requests that get credentials.
    package var isSigned = true
    /// The body of the response that takes the place of the service's in a dry run.
    package var placeholder: [UInt8] = []
    /// Texts in it that must not show in errors: services quote the tokens that they refuse.
    package var secrets: [String] = []

    package init(service: AWSService, operation: String, method: String, path: [String] = []) {
        (self.service, self.operation, self.method, self.path) = (service, operation, method, path)
    }

    /// One name and value of a URL's query.
    package struct QueryItem: Sendable, Equatable {
        package var name: String
        package var value: String

        package init(_ name: String, _ value: String) { (self.name, self.value) = (name, value) }
    }
}

/// Where it goes.
extension AWSRequest {
    /// Percent-encoded, with the query.
    package func url(at endpoint: AWSEndpoint) -> String {
        let query = SigV4.canonicalQuery(query)
        return endpoint.origin + wirePath(at: endpoint) + (query.isEmpty ? "" : "?" + query)
    }

    /// Percent-encoded, starting with a slash.
    func wirePath(at endpoint: AWSEndpoint) -> String {
        endpoint.basePath + "/" + path.map(PercentEncoding.encode).joined(separator: "/")
    }
}

/// AWS's ways to write a call down.
extension AWSRequest {
    /// JSON protocol: the operation in a header.
    ///
    /// - Parameter target: The service's prefix of it, such as `Kinesis_20131202`.
    static func json(
        _ service: AWSService, target: String, version: String, _ operation: String, _ body: JSONValue
    ) -> AWSRequest {
        var request = AWSRequest(service: service, operation: operation, method: "POST")
        request.headers = [
            HTTPHeader("Content-Type", "application/x-amz-json-\(version)"),
            HTTPHeader("X-Amz-Target", "\(target).\(operation)"),
        ]
        request.body = body.bytes
        return request
    }

    /// Query protocol: operation and parameters as a form; the answer is XML.
    ///
    /// - Parameters:
    ///   - version: The API's date.
    ///   - parameters: In any order; lists and structures already flattened (`Dimensions.member.1.Name`).
    static func form(
        _ service: AWSService, version: String, _ operation: String, _ parameters: [QueryItem]
    ) -> AWSRequest {
        var request = AWSRequest(service: service, operation: operation, method: "POST")
        request.headers = [HTTPHeader("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")]
        let items = [QueryItem("Action", operation), QueryItem("Version", version)] + parameters
        request.body = Array(items.map(\.encoded).joined(separator: "&").utf8)
        return request
    }
}

extension AWSRequest.QueryItem {
    /// The form in URLs and in form bodies.
    var encoded: String { PercentEncoding.encode(name) + "=" + PercentEncoding.encode(value) }
}

/// Calls of each service.
extension AWSRequest {
    /// A call of Kinesis Data Streams.
    ///
    /// Source: <https://docs.aws.amazon.com/kinesis/latest/APIReference/>
    package static func kinesis(_ operation: String, _ body: JSONValue) -> AWSRequest {
        json(.kinesis, target: "Kinesis_20131202", version: "1.1", operation, body)
    }

    /// A call of Lambda.
    ///
    /// Source: <https://docs.aws.amazon.com/lambda/latest/api/>
    ///
    /// - Parameter path: What follows `/2015-03-31/`.
    package static func lambda(
        _ operation: String, _ method: String, _ path: [String], query: [QueryItem] = [], body: JSONValue? = nil
    ) -> AWSRequest {
        var request = AWSRequest(
            service: .lambda, operation: operation, method: method, path: ["2015-03-31"] + path)
        request.query = query
        if let body {
            request.headers = [HTTPHeader("Content-Type", "application/json")]
            request.body = body.bytes
        }
        return request
    }

    /// A call of CloudWatch; the answer is XML.
    ///
    /// Source: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/>
    package static func cloudWatch(_ operation: String, _ parameters: [QueryItem]) -> AWSRequest {
        form(.cloudWatch, version: "2010-08-01", operation, parameters)
    }

    /// A call of IAM; the answer is XML.
    ///
    /// Source: <https://docs.aws.amazon.com/IAM/latest/APIReference/>
    package static func iam(_ operation: String, _ parameters: [QueryItem]) -> AWSRequest {
        form(.iam, version: "2010-05-08", operation, parameters)
    }

    /// A call of STS; the answer is XML.
    ///
    /// Source: <https://docs.aws.amazon.com/STS/latest/APIReference/>
    package static func sts(_ operation: String, _ parameters: [QueryItem] = []) -> AWSRequest {
        form(.sts, version: "2011-06-15", operation, parameters)
    }

    /// A call of CloudFormation; the answer is XML.
    ///
    /// Source: <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/>
    package static func cloudFormation(_ operation: String, _ parameters: [QueryItem]) -> AWSRequest {
        form(.cloudFormation, version: "2010-05-15", operation, parameters)
    }

    /// A call of SNS; the answer is XML.
    ///
    /// Source: <https://docs.aws.amazon.com/sns/latest/api/>
    package static func sns(_ operation: String, _ parameters: [QueryItem]) -> AWSRequest {
        form(.sns, version: "2010-03-31", operation, parameters)
    }

    /// A call of SQS.
    ///
    /// Source: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/>
    package static func sqs(_ operation: String, _ body: JSONValue) -> AWSRequest {
        json(.sqs, target: "AmazonSQS", version: "1.0", operation, body)
    }

    /// A call of EventBridge.
    ///
    /// Source: <https://docs.aws.amazon.com/eventbridge/latest/APIReference/>
    package static func eventBridge(_ operation: String, _ body: JSONValue) -> AWSRequest {
        json(.eventBridge, target: "AWSEvents", version: "1.1", operation, body)
    }

    /// A call of the Redshift Data API.
    ///
    /// Source: <https://docs.aws.amazon.com/redshift-data/latest/APIReference/>
    package static func redshiftData(_ operation: String, _ body: JSONValue) -> AWSRequest {
        json(.redshiftData, target: "RedshiftData", version: "1.1", operation, body)
    }

    /// A call of Redshift's clusters; the answer is XML.
    ///
    /// Source: <https://docs.aws.amazon.com/redshift/latest/APIReference/>
    package static func redshift(_ operation: String, _ parameters: [QueryItem]) -> AWSRequest {
        form(.redshift, version: "2012-12-01", operation, parameters)
    }

    /// A call of Redshift Serverless.
    ///
    /// Source: <https://docs.aws.amazon.com/redshift-serverless/latest/APIReference/>
    package static func redshiftServerless(_ operation: String, _ body: JSONValue) -> AWSRequest {
        json(.redshiftServerless, target: "RedshiftServerless", version: "1.1", operation, body)
    }

    /// A call of S3 that writes a whole object.
    ///
    /// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html>
    ///
    /// - Parameter key: With slashes between its parts; not encoded.
    package static func putObject(
        bucket: String, key: String, contentType: String, body: [UInt8]
    ) -> AWSRequest {
        var request = object("PutObject", "PUT", bucket: bucket, key: key)
        request.headers = [HTTPHeader("Content-Type", contentType)]
        request.body = body
        request.addSHA256Checksum()
        return request
    }

    /// Adds the header with the body's SHA-256, which S3 checks, and requires in buckets with a default Object Lock
    /// retention.
    ///
    /// Call it after the body is set.
    ///
    /// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html>
    package mutating func addSHA256Checksum() {
        headers.append(HTTPHeader("x-amz-checksum-sha256", Base64Text.encode(SHA256.digest(of: body).span)))
    }

    /// A call of S3 that reads a whole object; the answer's body is the object.
    ///
    /// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html>
    package static func getObject(bucket: String, key: String) -> AWSRequest {
        object("GetObject", "GET", bucket: bucket, key: key)
    }

    /// A call of S3 that deletes an object, and succeeds where there is none.
    ///
    /// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObject.html>
    package static func deleteObject(bucket: String, key: String) -> AWSRequest {
        object("DeleteObject", "DELETE", bucket: bucket, key: key)
    }

    /// A call of S3 that copies an object within its bucket; the answer is XML, also that of a copy that failed.
    ///
    /// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html>
    ///
    /// - Parameter etag: The source's; another version of it is not copied.
    package static func copyObject(bucket: String, from source: String, etag: String, to key: String) -> AWSRequest {
        var request = object("CopyObject", "PUT", bucket: bucket, key: key)
        let path = ([bucket] + parts(of: source)).map(PercentEncoding.encode).joined(separator: "/")
        request.headers = [
            HTTPHeader("x-amz-copy-source", path), HTTPHeader("x-amz-copy-source-if-match", etag),
        ]
        return request
    }

    /// A call of S3 that deletes up to 1,000 objects; the answer is XML, with a result for each key.
    ///
    /// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html>
    ///
    /// - Parameter keys: Without control characters, which XML cannot contain.
    package static func deleteObjects(bucket: String, keys: some Sequence<String>) -> AWSRequest {
        var request = AWSRequest(service: .s3, operation: "DeleteObjects", method: "POST", path: [bucket])
        request.query = [QueryItem("delete", "")]
        request.headers = [HTTPHeader("Content-Type", "application/xml")]
        request.body = Array("<Delete>".utf8)
        for key in keys {
            let text = key.substituting("&", with: "&amp;").substituting("<", with: "&lt;")
                .substituting(">", with: "&gt;")
            request.body += "<Object><Key>\(text)</Key></Object>".utf8
        }
        request.body += "</Delete>".utf8
        request.addSHA256Checksum()
        return request
    }

    /// A call of S3 that lists a page of keys; the answer is XML.
    ///
    /// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html>
    ///
    /// - Parameters:
    ///   - delimiter: What ends a common prefix, which is listed instead of the keys that begin with it.
    ///   - startAfter: Keys up to this one are left out.
    package static func listObjects(
        bucket: String, prefix: String, delimiter: String? = nil, startAfter: String? = nil,
        continuationToken: String? = nil
    ) -> AWSRequest {
        var request = AWSRequest(service: .s3, operation: "ListObjectsV2", method: "GET", path: [bucket])
        request.query = [QueryItem("list-type", "2"), QueryItem("prefix", prefix)]
        for (name, value) in [
            ("delimiter", delimiter), ("start-after", startAfter), ("continuation-token", continuationToken),
        ] {
            if let value { request.query.append(QueryItem(name, value)) }
        }
        return request
    }

    private static func object(_ operation: String, _ method: String, bucket: String, key: String) -> AWSRequest {
        AWSRequest(service: .s3, operation: operation, method: method, path: [bucket] + parts(of: key))
    }

    private static func parts(of key: String) -> [String] {
        key.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
    }
}
