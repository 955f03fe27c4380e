import JSON
import Transport

/// A service's answer to a call that it carried out.
public struct AWSResponse: Sendable, Equatable {
    public var service: String
    public var operation: String
    public var status: Int
    public var headers: HTTPHeaders
    public var body: [UInt8]

    /// The body as JSON; an empty one is an empty object.
    ///
    /// - Throws: ``AWSError/unreadable(service:operation:status:found:)``.
    public func json() throws(AWSError) -> JSONValue {
        guard !body.isEmpty else { return [:] }
        guard let value = try? JSONValue(parsing: body), value.object != nil else { throw unreadable() }
        return value
    }

    /// The body as XML.
    ///
    /// - Throws: ``AWSError/unreadable(service:operation:status:found:)``.
    public func xml() throws(AWSError) -> XMLElement {
        guard let element = XMLElement(parsing: body), element.name.lowercased() != "html" else { throw unreadable() }
        return element
    }

    private func unreadable() -> AWSError {
        .unreadable(
            service: service, operation: operation, status: status, found: Self.kind(of: body, headers: headers))
    }
}

/// Refusals.
extension AWSResponse {
    /// What a body that says nothing readable looks like, without quoting it.
    private static func kind(of body: [UInt8], headers: HTTPHeaders) -> String {
        let type = headers["content-type"]?.prefix { $0 != ";" }
        let isPage = body.prefix(200).contains(UInt8(ascii: "<"))
        let name = type.map { "\"\($0.prefix(50).filter { $0.isASCII })\"" } ?? (isPage ? "a page" : "data")
        return "\(body.count) bytes of \(name)"
    }

    /// Why the service refused, from whichever form it chose: a header, JSON or XML.
    func error(attempts: Int, mask: SecretMask) -> AWSError {
        guard let (code, message) = codeAndMessage() else { return unreadable() }
        let requestID = ["x-amzn-requestid", "x-amz-request-id", "x-amzn-request-id"].lazy.compactMap { headers[$0] }
            .first
        return .refused(
            AWSRefusal(
                service: service, operation: operation, status: status, code: code, message: mask.masked(message),
                requestID: requestID ?? XMLElement(parsing: body)?.first("RequestId")?.text,
                isRetryable: RetryReason(status: status, code: code) != nil, attempts: attempts))
    }

    private func codeAndMessage() -> (code: String, message: String)? {
        let header = headers["x-amzn-errortype"].flatMap(Self.bareCode)
        if let value = try? JSONValue(parsing: body), value.object != nil {
            let code =
                header
                ?? ["__type", "code", "Code"].lazy.compactMap { value[$0]?.string }
                .compactMap(Self.bareCode).first
            let message = ["message", "Message", "errorMessage"].lazy.compactMap { value[$0]?.string }.first
            guard let code = code ?? message.map({ _ in "status \(status)" }) else { return nil }
            return (code, message ?? "")
        }
        if let error = XMLElement(parsing: body)?.first("Error"),
            let code = error.text(of: "Code").flatMap(Self.bareCode)
        {
            return (code, error.text(of: "Message") ?? "")
        }
        return header.map { ($0, "") }
    }

    /// `com.amazonaws.kinesis#Name:http://...` is `Name`; nil when nothing is left.
    private static func bareCode(_ code: String) -> String? {
        let name = code.prefix { $0 != ":" && $0 != ";" }
        return name.split(separator: "#").last.map { String($0[...].trimmed) }.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// How long the service asks to be left alone.
    var retryAfter: Duration? {
        if let milliseconds = headers["x-amz-retry-after"].flatMap({ Int64($0) }), milliseconds >= 0 {
            return .milliseconds(milliseconds)
        }
        let inBody = try? JSONValue(parsing: body)["retryAfterSeconds"]
        let seconds = headers["retry-after"] ?? inBody?.string ?? inBody?.integer.map { String($0) }
        return seconds.flatMap { Double($0) }.flatMap { 0...86_400 ~= $0 ? .seconds($0) : nil }
    }
}
