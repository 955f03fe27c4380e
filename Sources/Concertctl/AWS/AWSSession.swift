import Clients
import JSON
import Transport

/// The AWS access of a command: credentials, Region, endpoints, and whether this is a dry run.
///
/// Nothing is resolved before the first call, so `--dry-run` requires neither credentials nor a network. In a dry run, the
/// client itself responds, so that neither a command nor code that uses its client can send a mutating request. A command
/// without `--dry-run` cannot send one either.
struct AWSSession: Sendable {
    /// The requests that a dry run sends.
    enum DryRunReach: Sendable {
        case nothing
        /// Requests that only read, for a plan that depends on their results.
        case reads
    }

    let client: AWSClient
    let output: OutputFormat
    /// The trusted certificates of TLS connections, or nil if no bundle was found.
    let certificateBundle: CertificateBundle?
    /// The planned calls of a dry run; nil otherwise.
    private let plan: DryRun?

    /// Reads the options that all commands which call AWS share.
    init(_ input: Input, inDryRun reach: DryRunReach = .nothing) throws {
        output = try input[SharedOption.output]
        let options = AWSEnvironment.Options(
            profile: try input[SharedOption.profile], region: try input[SharedOption.region],
            endpointURL: try input[SharedOption.endpointURL])
        let settings = try AWSEnvironment(input.environment, options: options)
        certificateBundle = settings.certificateBundle
        let credentials = settings.credentialSource(.terminal)
        guard input.isDryRun else {
            plan = nil
            let mayChange = input.canDryRun
            client = settings.makeClient(.terminal, credentials: credentials) { request in
                guard mayChange || !request.mutates else {
                    throw CommandError(
                        description: "\(request.service.name) \(request.operation) may change something, but the "
                            + "command has no --dry-run; this is a bug in concertctl")
                }
                return nil
            }
            return
        }
        let unplanned = settings.makeClient(.terminal, credentials: credentials)
        let plan = DryRun(output: output) { service throws(AWSError) in try unplanned.endpoint(of: service) }
        self.plan = plan
        client = settings.makeClient(.terminal, credentials: credentials) { request in
            guard request.mutates || reach == .nothing else { return nil }
            return try plan.answer(request)
        }
    }

    /// Whether mutating requests are printed instead of sent.
    var isDryRun: Bool { plan != nil }

    var region: String { client.configuration.region }

    /// Sends a request.
    ///
    /// In a dry run, prints it and returns its placeholder.
    func send(_ request: AWSRequest) async throws -> AWSResponse { try await client.send(request) }

    /// Returns whether a failed call, or the call for its credentials, can succeed on a retry.
    static func isRetryable(_ error: any Error) -> Bool {
        (error as? AWSError)?.isRetryable ?? (error as? CredentialError)?.isRetryable ?? false
    }

    /// Prints the result of a command or, in a dry run, the planned calls.
    ///
    /// - Parameters:
    ///   - text: The result as text, or nil if it has already been printed line by line.
    ///   - isTaken: Whether standard output receives a file, so that the result goes to standard error.
    func show(
        text: @autoclosure () -> TerminalText?, json: @autoclosure () -> JSONValue, isTaken: Bool = false
    ) {
        if let plan { return plan.finish() }
        Output.show(as: output, text: text(), json: json(), isTaken: isTaken)
    }

    /// Prints a line about a result: on standard error with JSON output, and not at all in a dry run.
    func say(_ line: TerminalText) {
        guard !isDryRun else { return }
        if output == .text { Output.print(line) } else { Console.note(line) }
    }

    /// The planned calls of a dry run, for a larger document.
    var plannedCalls: [JSONValue] { plan?.calls ?? [] }
}
