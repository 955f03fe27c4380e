import Clients
import JSON
import Transport

/// How a command calls AWS: with which credentials, where, and whether at all.
///
/// Nothing is looked up before the first call, so `--dry-run` needs neither credentials nor a network. In a dry run the
/// client itself answers: no command, and nothing that a command hands the client to, can send a request that changes
/// something. Nor can a command that has no `--dry-run`.
struct AWSSession: Sendable {
    /// Which requests a dry run sends.
    enum DryRunReach: Sendable {
        case nothing
        /// Those that only read, for a plan that depends on what they find.
        case reads
    }

    let client: AWSClient
    let output: OutputFormat
    /// What its TLS connections trust; nil when none was found.
    let certificateBundle: CertificateBundle?
    /// Nil unless this is a dry run.
    private let plan: DryRun?

    /// Reads the options that every command has which calls AWS.
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
                        description: "\(request.service.name) \(request.operation) may change something, and the "
                            + "command has no --dry-run: this is an error in concertctl")
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

    /// Whether requests that change something are printed instead of sent.
    var isDryRun: Bool { plan != nil }

    var region: String { client.configuration.region }

    /// Makes a call; in a dry run prints it, and returns its placeholder.
    func send(_ request: AWSRequest) async throws -> AWSResponse { try await client.send(request) }

    /// Whether the call that ended so, or the one for its credentials, may well succeed a little later.
    static func isRetryable(_ error: any Error) -> Bool {
        (error as? AWSError)?.isRetryable ?? (error as? CredentialError)?.isRetryable ?? false
    }

    /// Shows a command's result; in a dry run the calls that it would have made.
    ///
    /// - Parameters:
    ///   - text: Nil where lines about it were shown already.
    ///   - isTaken: Whether a file goes to standard output, and so the result to standard error.
    func show(
        text: @autoclosure () -> TerminalText?, json: @autoclosure () -> JSONValue, isTaken: Bool = false
    ) {
        if let plan { return plan.finish() }
        Output.show(as: output, text: text(), json: json(), isTaken: isTaken)
    }

    /// Shows a line about a result: on standard error where JSON is the result; in a dry run, which has none, nowhere.
    func say(_ line: TerminalText) {
        guard !isDryRun else { return }
        if output == .text { Output.print(line) } else { Console.note(line) }
    }

    /// The calls that a dry run would have made, for a document of which they are a part.
    var plannedCalls: [JSONValue] { plan?.calls ?? [] }
}
