/// One of the services that are called, and how its requests are made.
public struct AWSService: Sendable, Equatable {
    /// How errors name it.
    public var name: String
    /// The first label of its host name.
    public var endpointPrefix: String
    /// Its name in a signature's scope.
    public var signingName: String
    /// What follows `AWS_ENDPOINT_URL_` in the environment; in lower case, its name in a profile's `services`.
    public var endpointVariableSuffix: String
    /// Whether one endpoint of the whole partition serves it, rather than one a Region.
    public var isGlobal = false

    public static let kinesis = AWSService("kinesis")
    public static let lambda = AWSService("lambda")
    public static let cloudWatch = AWSService("cloudwatch", endpoint: "monitoring")
    public static let iam = AWSService("iam", isGlobal: true)
    public static let sts = AWSService("sts")
    public static let sqs = AWSService("sqs")
    public static let sns = AWSService("sns")
    public static let eventBridge = AWSService("events", variable: "EVENTBRIDGE")
    public static let s3 = AWSService("s3")
    public static let redshiftData = AWSService("redshift-data", variable: "REDSHIFT_DATA")
    public static let redshift = AWSService("redshift")
    public static let redshiftServerless = AWSService("redshift-serverless", variable: "REDSHIFT_SERVERLESS")
    /// The portal that gives credentials for an SSO token; its calls are not signed.
    public static let sso = AWSService("sso", endpoint: "portal.sso", signing: "awsssoportal")

    private init(
        _ name: String, endpoint: String? = nil, signing: String? = nil, variable: String? = nil, isGlobal: Bool = false
    ) {
        self.name = name
        endpointPrefix = endpoint ?? name
        signingName = signing ?? endpoint ?? name
        endpointVariableSuffix = variable ?? name.uppercased()
        self.isGlobal = isGlobal
    }
}
