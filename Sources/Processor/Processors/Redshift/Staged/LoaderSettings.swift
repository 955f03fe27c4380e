import Clients

/// What a load event is answered with: `REDSHIFT_...`, whether the `redshift` processor is chosen or not.
package enum LoaderSettings: Sendable {
    /// No staging bucket is set.
    case none
    /// A staging bucket is set, but other settings are missing or invalid: records do not need them, so only loads fail.
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
