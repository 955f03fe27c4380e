/// A group of AWS Regions with its own domains.
///
/// Source: <https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html>
package struct Partition: Sendable, Equatable {
    /// The name in ARNs: `aws`, `aws-cn`, `aws-us-gov`.
    package let name: String
    /// The prefix of its Regions' names; empty for `aws`, which contains all other Regions.
    let regionPrefix: String
    let domain: String
    /// The domain of dual-stack endpoints.
    let dualStackDomain: String
    /// The domain of the sign-in service.
    let signInDomain: String
    /// The Region that requests to global services are signed for.
    let globalSigningRegion: String
    /// The labels between `iam` and the domain.
    let iamLabels: IAMLabels

    struct IAMLabels: Sendable, Equatable {
        var plain = ""
        var dualStack = ""
        var fips = ""
        var dualStackFIPS = ""
    }

    package init(region: String) {
        self = Self.all.first { region.utf8.starts(with: $0.regionPrefix.utf8) } ?? .aws
    }

    private init(
        _ name: String, _ regionPrefix: String, domain: String, dualStack: String, signIn: String, global: String,
        iam: IAMLabels
    ) {
        (self.name, self.regionPrefix, self.domain, dualStackDomain) = (name, regionPrefix, domain, dualStack)
        (signInDomain, globalSigningRegion, iamLabels) = (signIn, global, iam)
    }

    private static let aws = Partition(
        "aws", "", domain: "amazonaws.com", dualStack: "api.aws", signIn: "aws.amazon.com", global: "us-east-1",
        iam: IAMLabels(dualStack: "global", dualStackFIPS: "global"))

    private static let all = [
        Partition(
            "aws-cn", "cn-", domain: "amazonaws.com.cn", dualStack: "api.amazonwebservices.com.cn",
            signIn: "amazonaws.cn", global: "cn-north-1", iam: IAMLabels(plain: "cn-north-1", dualStack: "global")),
        Partition(
            "aws-us-gov", "us-gov-", domain: "amazonaws.com", dualStack: "api.aws", signIn: "amazonaws-us-gov.com",
            global: "us-gov-west-1",
            iam: IAMLabels(plain: "us-gov", dualStack: "us-gov", fips: "us-gov", dualStackFIPS: "us-gov")),
        Partition(
            "aws-eusc", "eusc-", domain: "amazonaws.eu", dualStack: "api.amazonwebservices.eu",
            signIn: "amazonaws-eusc.eu", global: "eusc-de-east-1",
            iam: IAMLabels(plain: "eusc-de-east-1", dualStack: "global")),
        Partition(
            "aws-iso", "us-iso-", domain: "c2s.ic.gov", dualStack: "api.aws.ic.gov", signIn: "c2shome.ic.gov",
            global: "us-iso-east-1", iam: IAMLabels(plain: "us-iso-east-1", fips: "us-iso-east-1")),
        Partition(
            "aws-iso-b", "us-isob-", domain: "sc2s.sgov.gov", dualStack: "api.aws.scloud", signIn: "sc2shome.sgov.gov",
            global: "us-isob-east-1", iam: IAMLabels(plain: "us-isob-east-1", fips: "us-isob-east-1")),
        Partition(
            "aws-iso-e", "eu-isoe-", domain: "cloud.adc-e.uk", dualStack: "api.cloud-aws.adc-e.uk",
            signIn: "csphome.adc-e.uk", global: "eu-isoe-west-1", iam: IAMLabels(plain: "eu-isoe-west-1")),
        Partition(
            "aws-iso-f", "us-isof-", domain: "csp.hci.ic.gov", dualStack: "api.aws.hci.ic.gov",
            signIn: "csphome.hci.ic.gov", global: "us-isof-south-1", iam: IAMLabels(plain: "us-isof-south-1")),
        aws,
    ]

    /// Returns whether `region` has the format of a Region name, such as `eu-central-1`; it becomes part of host names.
    package static func isRegion(_ region: String) -> Bool {
        let parts = region.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        guard region.utf8.count <= 32, parts.count >= 3, let number = parts.last else { return false }
        return (1...2).contains(number.count) && number.allSatisfy { (0x30...0x39).contains($0) }
            && parts.dropLast().allSatisfy { !$0.isEmpty && $0.allSatisfy { (0x61...0x7A).contains($0) } }
    }
}
