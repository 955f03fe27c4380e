import Clients
import Transport

/// Makes AWS clients from the process's environment; nothing is looked up or connected before a client's first call.
struct AWSClients: Sendable {
    private let configuration: AWSClient.Configuration
    private let http: CurlHTTPClient.Configuration

    init(environment: [String: String]) {
        let variable = { (name: String) in environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        let keys = AWSCredentials(
            accessKeyID: variable("AWS_ACCESS_KEY_ID") ?? "", secretAccessKey: variable("AWS_SECRET_ACCESS_KEY") ?? "",
            sessionToken: variable("AWS_SESSION_TOKEN"))
        configuration = {
            var configuration = AWSClient.Configuration(
                region: variable("AWS_REGION") ?? variable("AWS_DEFAULT_REGION") ?? "",
                credentials: StaticCredentials(keys, origin: "the environment"))
            configuration.endpointURL = { service in
                environment["AWS_ENDPOINT_URL_\(service.endpointVariableSuffix)"] ?? environment["AWS_ENDPOINT_URL"]
            }
            return configuration
        }()
        http = CurlHTTPClient.Configuration(certificateBundle: CertificateBundle(environment: environment))
    }

    func make() -> AWSClient { AWSClient(configuration, http: CurlHTTPClient(http)) }
}
