import Basics
import JSON
import Telemetry
import Transport

/// A client for AWS services that resolves the endpoint, signs, sends, retries, and parses the response.
///
/// A client sends one request at a time; use several clients for concurrent requests.
package actor AWSClient {
    /// The settings of all calls of a client.
    package struct Configuration: Sendable {
        package var region: String
        package var credentials: any CredentialSource
        /// The configured endpoint of a service, such as `http://127.0.0.1:5555`; nil for AWS's default endpoint.
        package var endpointURL: @Sendable (AWSService) -> String? = { _ in nil }
        /// The variant of AWS's default endpoints.
        package var endpointVariant: EndpointVariant = []
        package var retries = RetryPolicy()
        /// Answers a request in place of the service, as in a dry run; nil for a request that is sent.
        package var answer: @Sendable (AWSRequest) throws -> AWSResponse? = { _ in nil }
        /// The `User-Agent` header.
        package var userAgent = "concert-data-processor/\(Version.current)"

        package init(region: String, credentials: any CredentialSource) {
            (self.region, self.credentials) = (region, credentials)
        }
    }

    package nonisolated let configuration: Configuration
    private let http: any HTTPClient
    private let now: @Sendable () -> WallClock
    private var budget = RetryBudget()
    /// The difference between the service's clock and this machine's clock, in ms.
    private var clockOffset: Int64 = 0

    package init(
        _ configuration: Configuration, http: any HTTPClient, now: @escaping @Sendable () -> WallClock = WallClock.now
    ) {
        (self.configuration, self.http, self.now) = (configuration, http, now)
    }

    /// Returns the endpoint for calls of `service`.
    package nonisolated func endpoint(of service: AWSService) throws(AWSError) -> AWSEndpoint {
        let region = configuration.region
        guard !region.isEmpty else {
            throw .misconfigured("no Region is set: set AWS_REGION, or region in the profile")
        }
        guard Partition.isRegion(region) else {
            throw .misconfigured("\"\(region)\" is not a Region; expected a name such as us-east-1")
        }
        guard let url = configuration.endpointURL(service) else { return try ownEndpoint(of: service, in: region) }
        guard let endpoint = AWSEndpoint(url: url, service, region: region) else {
            // The text before an @ may contain a password.
            let found = url.utf8.contains(UInt8(ascii: "@")) ? "of \(service.name)" : "\"\(url)\""
            throw .misconfigured(
                "the endpoint \(found) is not a URL; expected one such as http://127.0.0.1:5555, without user and query"
            )
        }
        return endpoint
    }

    private nonisolated func ownEndpoint(of service: AWSService, in region: String) throws(AWSError) -> AWSEndpoint {
        let variant = configuration.endpointVariant
        if service == .s3, variant.contains(.fips), Partition(region: region).name == "aws-cn" {
            throw .misconfigured(
                "s3 has no FIPS endpoint in \(region); unset AWS_USE_FIPS_ENDPOINT or use_fips_endpoint")
        }
        return AWSEndpoint(service, region: region, variant: variant)
    }

    /// Sends one request, with as many attempts as the policy allows.
    ///
    /// - Throws: ``AWSError``; the error of the credential source; `CancellationError`. For a request that is not
    ///   abandoned on cancellation, `CancellationError` means that it was never sent.
    package func send(_ request: AWSRequest) async throws -> AWSResponse {
        if let answer = try configuration.answer(request) { return answer }
        let endpoint = try endpoint(of: request.service)
        // Servers would interpret these as relative path segments and address another resource.
        if let step = request.path.first(where: { $0 == "." || $0 == ".." }) {
            throw AWSError.misconfigured(
                "\(request.service.name) \(request.operation): invalid path segment \"\(step)\"")
        }
        let start = ContinuousClock.now
        let maxAttempts = request.maxAttempts ?? configuration.retries.maxAttempts
        var attempt = 0
        var lastCost: Int?
        var last: AWSError?
        var repairs = Repairs()
        while true {
            attempt += 1
            let credentials = request.isSigned ? try await configuration.credentials.credentials() : nil
            let outcome: Result<AWSResponse, Failure>
            do {
                outcome = try await self.attempt(request, at: endpoint, with: credentials, number: attempt)
            } catch let error as CancellationError {
                if let last, !request.isAbandonedOnCancel { throw last }
                throw error
            }
            guard case .failure(var failure) = outcome else {
                budget.refund(lastCost)
                return try outcome.get()
            }
            failure.error = failure.error.following(last)
            last = failure.error
            if try await repair(failure, of: credentials, &repairs) { continue }
            guard let reason = failure.reason, attempt < maxAttempts else { throw failure.error }
            let delay = configuration.retries.delay(after: attempt, requested: failure.retryAfter)
            if failure.isUnreached, let limit = configuration.retries.unreachableTimeout,
                ContinuousClock.now - start + delay > limit
            {
                throw failure.error
            }
            guard let cost = budget.take(for: reason) else { throw failure.error }
            lastCost = cost
            do { try await configuration.retries.pause(delay) } catch {
                throw request.isAbandonedOnCancel ? error : failure.error
            }
        }
    }
}

/// A single attempt.
extension AWSClient {
    /// The failure of one attempt.
    private struct Failure: Error {
        var error: AWSError
        /// Nil if a retry would not help.
        var reason: RetryReason?
        var retryAfter: Duration?
        /// Whether no server has responded.
        var isUnreached = false
        /// The service's time, if it responded.
        var serverTime: WallClock?
    }

    private func attempt(
        _ request: AWSRequest, at endpoint: AWSEndpoint, with credentials: AWSCredentials?, number: Int
    ) async throws -> Result<AWSResponse, Failure> {
        let signed = signed(request, at: endpoint, with: credentials)
        do {
            let answer = try await exchange(signed, isAbandonedOnCancel: request.isAbandonedOnCancel)
            let response = AWSResponse(
                service: request.service.name, operation: request.operation, status: answer.status,
                headers: answer.headers, body: answer.body)
            guard !(200..<300).contains(answer.status) else { return .success(response) }
            let error = response.error(
                attempts: number, region: endpoint.signingRegion,
                mask: SecretMask(credentials, others: request.secrets))
            return .failure(
                Failure(
                    error: error, reason: RetryReason(status: answer.status, code: error.code ?? ""),
                    retryAfter: response.retryAfter,
                    serverTime: answer.headers["date"].flatMap(WallClock.init(httpDate:))))
        } catch let error as TransportError {
            return .failure(
                Failure(
                    error: .unreachable(
                        service: request.service.name, operation: request.operation, attempts: number, error: error),
                    reason: error.isTimeout ? .timeout : error.isRetryable ? .transient : nil, isUnreached: true))
        }
    }

    private func exchange(_ request: HTTPRequest, isAbandonedOnCancel: Bool) async throws -> HTTPResponse {
        guard !isAbandonedOnCancel else { return try await http.send(request) }
        try Task.checkCancellation()
        // A separate task is not cancelled with this one; it is awaited, so it does not outlive the call.
        return try await Task { [http] in try await http.send(request) }.value
    }

    /// Returns the signed HTTP request.
    func signed(_ request: AWSRequest, at endpoint: AWSEndpoint, with credentials: AWSCredentials?) -> HTTPRequest {
        var headers = [HTTPHeader("Host", endpoint.host)] + request.headers
        if let credentials {
            let signer = SigV4(
                credentials: credentials, region: endpoint.signingRegion, service: request.service.signingName)
            let time = WallClock(
                millisecondsSinceEpoch: now().millisecondsSinceEpoch.addingReportingOverflow(clockOffset).partialValue)
            headers = signer.sign(
                method: request.method, path: request.wirePath(at: endpoint),
                query: SigV4.canonicalQuery(request.query), headers: headers, body: request.body, at: time)
        }
        headers.append(HTTPHeader("User-Agent", configuration.userAgent))
        return HTTPRequest(
            method: request.method, url: request.url(at: endpoint), headers: headers, body: request.body,
            timeout: request.timeout)
    }
}

/// Failures that can be corrected immediately; each is corrected at most once for each call.
extension AWSClient {
    private struct Repairs {
        var hasSetClock = false
        var hasRenewedCredentials = false
    }

    /// - Returns: Whether something was corrected, so that the call can be retried without a pause.
    private func repair(
        _ failure: Failure, of used: AWSCredentials?, _ repairs: inout Repairs
    ) async throws -> Bool {
        guard let code = failure.error.code else { return false }
        if !repairs.hasSetClock, Self.clockCodes.contains(code), let serverTime = failure.serverTime {
            let offset = serverTime.millisecondsSinceEpoch - now().millisecondsSinceEpoch
            // AWS accepts a clock difference of five minutes; a smaller difference is not why the signature was
            // rejected.
            if abs(offset - clockOffset) > 240_000 {
                repairs.hasSetClock = true
                clockOffset = offset
                return true
            }
        }
        if !repairs.hasRenewedCredentials, let used, Self.expiryCodes.contains(code) {
            repairs.hasRenewedCredentials = true
            // Another client with the same source may have renewed the credentials in the meantime.
            if try await configuration.credentials.credentials() != used { return true }
            await configuration.credentials.invalidate()
            return try await configuration.credentials.credentials() != used
        }
        return false
    }

    private static let clockCodes: Set = [
        "RequestTimeTooSkewed", "RequestExpired", "RequestInTheFuture", "InvalidSignatureException",
        "SignatureDoesNotMatch", "AuthFailure",
    ]
    private static let expiryCodes: Set = ["ExpiredToken", "ExpiredTokenException", "RequestExpired"]
}
