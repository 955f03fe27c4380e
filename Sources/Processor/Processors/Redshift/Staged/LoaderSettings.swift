import Clients

/// The settings for load events: `REDSHIFT_...`, which are read even if `PROCESSORS` does not contain `redshift`.
package enum LoaderSettings: Sendable {
    /// No staging bucket is set.
    case none
    /// A staging bucket is set, but other settings are missing or invalid; only loads fail, because records do not need them.
    case invalid(problems: [String])
    /// - Parameter makeClient: Makes clients of the services that loads call.
    case ready(RedshiftSettings, makeClient: @Sendable () -> AWSClient)

    init(_ environment: [String: String]) {
        var reader = SettingsReader(environment)
        guard reader.isSet(RedshiftSettings.stagingBucket) else {
            self = .none
            return
        }
        let (settings, aws) = (RedshiftSettings(&reader), reader.aws())
        if let settings, let aws, reader.problems.isEmpty {
            self = .ready(settings, makeClient: aws.makeClient)
        } else {
            self = .invalid(problems: reader.problems)
        }
    }
}
