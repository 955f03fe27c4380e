/// One of the services that are called, and how its requests are made.
package struct AWSService: Sendable, Equatable {
    /// How errors name it.
    package var name: String
    /// The first label of its host name.
    package var endpointPrefix: String
    /// Its name in a signature's scope.
    package var signingName: String
    /// What follows `AWS_ENDPOINT_URL_` in the environment; in lower case, its name in a profile's `services`.
    package var endpointVariableSuffix: String
    /// Whether one endpoint of the whole partition serves it, rather than one a Region.
    package var isGlobal = false
    /// Which of its endpoints in AWS GovCloud (US) have no `-fips` in their names, since all of them are FIPS endpoints.
    var govCloudFIPS: GovCloudFIPS = .plainUnlessDualStack

    enum GovCloudFIPS: Sendable, Equatable {
        case suffixed
        case plainUnlessDualStack
        case plain
    }

    package static let kinesis = AWSService("kinesis")
    package static let lambda = AWSService("lambda", govCloudFIPS: .suffixed)
    package static let cloudWatch = AWSService("cloudwatch", endpoint: "monitoring", govCloudFIPS: .plain)
    package static let iam = AWSService("iam", isGlobal: true, govCloudFIPS: .plain)
    package static let sts = AWSService("sts")
    package static let sqs = AWSService("sqs")
    package static let sns = AWSService("sns")
    package static let eventBridge = AWSService("events", variable: "EVENTBRIDGE", govCloudFIPS: .plain)
    package static let s3 = AWSService("s3", govCloudFIPS: .suffixed)
    package static let redshiftData = AWSService(
        "redshift-data", variable: "REDSHIFT_DATA", govCloudFIPS: .suffixed)
    package static let redshift = AWSService("redshift")
    package static let redshiftServerless = AWSService(
        "redshift-serverless", variable: "REDSHIFT_SERVERLESS", govCloudFIPS: .suffixed)
    package static let scheduler = AWSService("scheduler", govCloudFIPS: .suffixed)
    package static let cloudFormation = AWSService("cloudformation")
    /// The portal that gives credentials for an SSO token; its calls are not signed.
    package static let sso = AWSService("sso", endpoint: "portal.sso", signing: "awsssoportal")
    /// What renews the tokens of IAM Identity Center; its calls are not signed.
    package static let ssoOIDC = AWSService(
        "sso-oidc", endpoint: "oidc", signing: "sso-oauth", variable: "SSO_OIDC")
    /// What renews the credentials of `aws login`; its calls are not signed.
    package static let signIn = AWSService("signin", govCloudFIPS: .suffixed)

    /// All of them.
    static let all = [
        kinesis, lambda, cloudWatch, iam, sts, sqs, sns, eventBridge, s3, redshiftData, redshift,
        redshiftServerless, scheduler, cloudFormation, sso, ssoOIDC, signIn,
    ]

    private init(
        _ name: String, endpoint: String? = nil, signing: String? = nil, variable: String? = nil,
        isGlobal: Bool = false, govCloudFIPS: GovCloudFIPS = .plainUnlessDualStack
    ) {
        self.name = name
        endpointPrefix = endpoint ?? name
        signingName = signing ?? endpoint ?? name
        endpointVariableSuffix = variable ?? name.uppercased()
        (self.isGlobal, self.govCloudFIPS) = (isGlobal, govCloudFIPS)
    }
}

/// Which of a service's endpoints are called.
package struct EndpointVariant: OptionSet, Sendable, Equatable {
    package let rawValue: Int

    package init(rawValue: Int) { self.rawValue = rawValue }

    /// Those with cryptography validated by FIPS 140.
    package static let fips = EndpointVariant(rawValue: 1)
    /// Those with IPv4 and IPv6 addresses.
    package static let dualStack = EndpointVariant(rawValue: 2)
}

/// Host names, by AWS's endpoint rules.
///
/// Source: <https://docs.aws.amazon.com/sdkref/latest/guide/feature-endpoints.html>
extension AWSService {
    /// The host that serves `region`.
    func host(in partition: Partition, region: String, _ variant: EndpointVariant) -> String {
        if self == .s3 {
            let label = variant.contains(.dualStack) ? "dualstack." : ""
            return "s3\(variant.contains(.fips) ? "-fips" : "").\(label)\(region).\(partition.domain)"
        }
        if self == .signIn, let host = signInHost(in: partition, region: region, variant) { return host }
        let domain = variant.contains(.dualStack) ? partition.dualStackDomain : partition.domain
        let label = isGlobal ? globalLabel(in: partition, variant) : region
        return endpointPrefix + suffix(in: partition, variant) + "." + (label.isEmpty ? "" : label + ".") + domain
    }

    private func suffix(in partition: Partition, _ variant: EndpointVariant) -> String {
        guard variant.contains(.fips) else { return "" }
        guard partition.name == "aws-us-gov" else { return "-fips" }
        return switch govCloudFIPS {
        case .suffixed: "-fips"
        case .plainUnlessDualStack: variant.contains(.dualStack) ? "-fips" : ""
        case .plain: ""
        }
    }

    private func globalLabel(in partition: Partition, _ variant: EndpointVariant) -> String {
        switch (variant.contains(.fips), variant.contains(.dualStack)) {
        case (false, false): partition.iamLabels.plain
        case (false, true): partition.iamLabels.dualStack
        case (true, false): partition.iamLabels.fips
        case (true, true): partition.iamLabels.dualStackFIPS
        }
    }

    /// Nil where the general rule applies.
    private func signInHost(in partition: Partition, region: String, _ variant: EndpointVariant) -> String? {
        if variant.isEmpty { return "\(region).signin.\(partition.signInDomain)" }
        guard variant == .fips, partition.name == "aws-us-gov" else { return nil }
        let label = region == partition.globalSigningRegion ? "" : region + "."
        return "\(label)signin-fips.\(partition.signInDomain)"
    }
}
