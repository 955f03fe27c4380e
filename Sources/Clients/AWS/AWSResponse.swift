import Basics
import JSON
import Transport

/// A successful response of a service.
package struct AWSResponse: Sendable, Equatable {
    package var service: String
    package var operation: String
    package var status: Int
    package var headers: HTTPHeaders
    package var body: [UInt8]

    package init(service: String, operation: String, status: Int, headers: HTTPHeaders, body: [UInt8]) {
        (self.service, self.operation, self.status) = (service, operation, status)
        (self.headers, self.body) = (headers, body)
    }

    /// Returns the body as JSON; an empty body is an empty object.
    ///
    /// - Throws: ``AWSError/unreadable(service:operation:status:found:)``.
    package func json() throws(AWSError) -> JSONValue {
        guard !body.isEmpty else { return [:] }
        guard let value = try? JSONValue(parsing: body), value.object != nil else { throw unreadable() }
        return value
    }

    /// Returns the body as XML.
    ///
    /// - Throws: ``AWSError/unreadable(service:operation:status:found:)``.
    package func xml() throws(AWSError) -> XMLElement {
        guard let element = XMLElement(parsing: body), element.name.lowercased() != "html" else { throw unreadable() }
        return element
    }

    private func unreadable() -> AWSError {
        .unreadable(
            service: service, operation: operation, status: status, found: Self.kind(of: body, headers: headers))
    }
}

/// Error responses.
extension AWSResponse {
    /// The maximum number of bytes of an error response that are read, far above any real one.
    private static let refusalLimit = 1 << 20
    private static let codeLimit = 200

    /// Describes an unreadable body without quoting it.
    private static func kind(of body: [UInt8], headers: HTTPHeaders) -> String {
        let type = headers["content-type"]?.utf8.prefix { $0 != UInt8(ascii: ";") }
        let isPage = body.prefix(200).contains(UInt8(ascii: "<"))
        let name = type.map { type in
            let shown = type.filter { (0x20..<0x7F).contains($0) && $0 != UInt8(ascii: "\"") }.prefix(50)
            return "\"\(String(decoding: shown, as: UTF8.self))\""
        }
        return "\(body.count) bytes of \(name ?? (isPage ? "a page" : "data"))"
    }

    /// Returns the service's error from the header, the JSON body or the XML body.
    ///
    /// - Parameter region: The Region of the request.
    func error(attempts: Int, region: String? = nil, mask: SecretMask) -> AWSError {
        let body = body.count <= Self.refusalLimit ? body : []
        let json = (try? JSONValue(parsing: body)).flatMap { $0.object == nil ? nil : $0 }
        let xml = json == nil ? XMLElement(parsing: body) : nil
        guard let (code, message) = codeAndMessage(json, xml) else { return unreadable() }
        let requestID =
            ["x-amzn-requestid", "x-amz-request-id", "x-amzn-request-id"].lazy.compactMap { headers[$0] }.first
            ?? xml?.first("RequestId")?.text
        var refusal = AWSRefusal(
            service: service, operation: operation, status: status, code: mask.masked(code),
            message: mask.masked(message), requestID: requestID.map { mask.masked(Self.shortened($0)) },
            isRetryable: RetryReason(status: status, code: code) != nil, attempts: attempts)
        refusal.region = region
        refusal.bucketRegion = bucketRegion(xml).flatMap { $0 == region ? nil : $0 }
        return .refused(refusal)
    }

    private func codeAndMessage(_ json: JSONValue?, _ xml: XMLElement?) -> (code: String, message: String)? {
        let header = headers["x-amzn-errortype"].flatMap(Self.bareCode)
        if let json {
            let code =
                header
                ?? (["__type", "code", "Code"] + oauthNames.code).lazy.compactMap { json[$0]?.string }
                .compactMap(Self.bareCode).first
            let message = (["message", "Message", "errorMessage"] + oauthNames.message).lazy
                .compactMap { json[$0]?.string }.first
            guard let code = code ?? message.map({ _ in "status \(status)" }) else { return nil }
            return (code, message ?? "")
        }
        if let error = xml?.first("Error"), let code = error.text(of: "Code").flatMap(Self.bareCode) {
            return (code, error.text(of: "Message") ?? "")
        }
        return header.map { ($0, "") } ?? codeOfHead.map { ($0, "") }
    }

    /// The names of error members of services with an OAuth protocol.
    private var oauthNames: (code: [String], message: [String]) {
        [AWSService.ssoOIDC.name, AWSService.signIn.name].contains(service)
            ? (["error"], ["error_description"]) : ([], [])
    }

    /// The error code for the status of S3's response to HEAD, which has no body; nil if the response is not from S3.
    private var codeOfHead: String? {
        guard service == AWSService.s3.name, body.isEmpty, headers["x-amz-request-id"] != nil else { return nil }
        return switch status {
        case 301: "PermanentRedirect"
        case 400: "BadRequest"
        case 403: "AccessDenied"
        case 404: "NotFound"
        default: nil
        }
    }

    /// Returns the Region in which S3 locates the bucket.
    ///
    /// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/Redirects.html>
    private func bucketRegion(_ xml: XMLElement?) -> String? {
        guard service == AWSService.s3.name else { return nil }
        let error = xml?.first("Error")
        // A host such as bucket.s3.eu-west-1.amazonaws.com or s3-eu-west-1.amazonaws.com.
        let labels = error?.text(of: "Endpoint")?.utf8.prefix(300).split(separator: UInt8(ascii: ".")).map { label in
            String(decoding: label.starts(with: "s3-".utf8) ? label.dropFirst(3) : label, as: UTF8.self)
        }
        let candidates = [
            headers["x-amz-bucket-region"], error?.text(of: "Region"), labels?.last(where: Partition.isRegion),
        ]
        return candidates.lazy.compactMap { $0 }.first(where: Partition.isRegion)
    }

    /// Returns `Name` for `com.amazonaws.kinesis#Name:http://...`; nil if it is empty.
    private static func bareCode(_ code: String) -> String? {
        let name = code.utf8.prefix { $0 != UInt8(ascii: ":") && $0 != UInt8(ascii: ";") }
        let bare = name.split(separator: UInt8(ascii: "#")).last.map { shortened(String(decoding: $0, as: UTF8.self)) }
        return bare.map { String($0[...].trimmed) }.flatMap { $0.isEmpty ? nil : $0 }
    }

    private static func shortened(_ text: String) -> String {
        text.utf8.count <= codeLimit ? text : String(decoding: text.utf8.prefix(codeLimit), as: UTF8.self) + "..."
    }

    /// The minimum delay that the service requests.
    var retryAfter: Duration? {
        if let milliseconds = headers["x-amz-retry-after"].flatMap({ Int64($0) }), milliseconds >= 0 {
            return .milliseconds(milliseconds)
        }
        let inBody = body.count <= Self.refusalLimit ? try? JSONValue(parsing: body)["retryAfterSeconds"] : nil
        let seconds = headers["retry-after"] ?? inBody?.string ?? inBody?.integer.map { String($0) }
        return seconds.flatMap { Double($0) }.flatMap { 0...86_400 ~= $0 ? .seconds($0) : nil }
    }
}
