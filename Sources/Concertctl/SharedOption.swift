/// Options that many commands have.
enum SharedOption {
    static let output = Option<OutputFormat>(
        "--output", default: .text, "how results read; json goes to standard output alone")
    static let dryRun = Option<Bool>("--dry-run", "print each API call and its body, and call nothing")
    static let yes = Option<Bool>("--yes", "do not ask")
    static let streamName = Option<String?>(
        "--stream-name", value: "NAME", variable: StreamReference.variable, "the stream")

    static let region = Option<String?>(
        "--region", value: "REGION", otherwise: "AWS_REGION, AWS_DEFAULT_REGION, the profile's", group: .aws,
        "the Region")
    static let profile = Option<String?>(
        "--profile", value: "NAME", otherwise: "AWS_PROFILE", group: .aws,
        "the profile of the shared config and credentials files")
    static let endpointURL = Option<String?>(
        "--endpoint-url", value: "URL", otherwise: "AWS_ENDPOINT_URL...", group: .aws,
        "call this instead of AWS's endpoints")
    /// What every command that calls AWS has.
    static let aws: [any CommandOption] = [region, profile, endpointURL]
}

/// How results read.
enum OutputFormat: String, CaseIterable, Sendable { case text, json }
