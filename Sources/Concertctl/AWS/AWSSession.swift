import Clients
import JSON
import Transport

/// How a command calls AWS: whom as, where, and whether at all.
///
/// Nothing is looked up before the first call, so `--dry-run` needs neither credentials nor a network.
struct AWSSession: Sendable {
    /// Whether calls that change something are printed instead.
    let isDryRun: Bool
    let client: AWSClient
    /// What its TLS connections trust; nil when none was found.
    let certificateBundle: CertificateBundle?
    private let plan: DryRun

    /// Reads the options that every command has which calls AWS.
    init(_ arguments: Arguments, environment: [String: String], isDryRun: Bool = false, output: OutputFormat) throws {
        let options = AWSEnvironment.Options(
            profile: arguments.string(.profile), region: arguments.string(.region),
            endpointURL: arguments.string(.endpointURL))
        let settings = try AWSEnvironment(environment, options: options)
        certificateBundle = settings.certificateBundle
        client = settings.makeClient(.terminal, credentials: settings.credentialSource(.terminal))
        self.isDryRun = isDryRun
        plan = DryRun(output: output)
    }

    /// Whether the call that ended so, or the one for its credentials, may well succeed a little later.
    static func isRetryable(_ error: any Error) -> Bool {
        (error as? AWSError)?.isRetryable ?? (error as? CredentialError)?.isRetryable ?? false
    }

    /// Makes a call that changes nothing, and whose answer is JSON.
    func read(_ request: AWSRequest) async throws -> JSONValue { try await client.send(request).json() }

    /// Makes a call that changes nothing, and whose answer is XML.
    func readXML(_ request: AWSRequest) async throws -> XMLElement { try await client.send(request).xml() }

    /// Makes a call that changes something, and whose answer is JSON; in a dry run prints it and returns nil.
    func change(_ request: AWSRequest) async throws -> JSONValue? {
        guard isDryRun else { return try await read(request) }
        try planned(request)
        return nil
    }

    /// Makes a call that changes something, and whose answer is XML; in a dry run prints it and returns nil.
    func changeXML(_ request: AWSRequest) async throws -> XMLElement? {
        guard isDryRun else { return try await readXML(request) }
        try planned(request)
        return nil
    }

    /// Prints a call that a dry run does not make, one that only reads included.
    func planned(_ request: AWSRequest) throws { plan.add(request, endpoint: try client.endpoint(of: request.service)) }

    /// A call as a dry run shows it.
    func description(of request: AWSRequest) throws -> JSONValue {
        DryRun.description(of: request, endpoint: try client.endpoint(of: request.service))
    }

    /// Ends a dry run's output, and says on what it rests.
    func finishDryRun(_ note: String = DryRun.note) {
        guard isDryRun else { return }
        plan.finish()
        Console.note("\(note)")
    }
}
