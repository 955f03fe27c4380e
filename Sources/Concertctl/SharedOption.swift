/// The options that several commands share.
enum SharedOption {
    static let output = Option<OutputFormat>(
        "--output", default: .text, "output format; with json, standard output contains only JSON")
    static let dryRun = Option<Bool>("--dry-run", "print each API call and its body without calling it")
    static let yes = Option<Bool>("--yes", "do not prompt")
    static let streamName = Option<String?>(
        "--stream-name", value: "NAME", variable: StreamReference.variable, "the stream")

    static let region = Option<String?>(
        "--region", value: "REGION", otherwise: "AWS_REGION, AWS_DEFAULT_REGION, the profile's", group: .aws,
        "the Region")
    static let profile = Option<String?>(
        "--profile", value: "NAME", otherwise: "AWS_PROFILE", group: .aws,
        "profile in the shared config and credentials files")
    static let endpointURL = Option<String?>(
        "--endpoint-url", value: "URL", otherwise: "AWS_ENDPOINT_URL...", group: .aws,
        "endpoint to call instead of the AWS endpoints")
    /// The options of every command that calls AWS.
    static let aws: [any CommandOption] = [region, profile, endpointURL]
}

/// The format of results.
enum OutputFormat: String, CaseIterable, Sendable { case text, json }
