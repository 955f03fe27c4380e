import Clients

/// The settings of a cache, and a factory of its clients, which connect when they are first used.
struct CacheAccess: Sendable {
    let settings: CacheSettings
    let makeClient: @Sendable () -> RedisClient

    /// Reads the settings; returns nil and adds problems to `reader` if they are missing or invalid.
    init?(_ reader: inout SettingsReader) {
        let settings = CacheSettings(&reader)
        // Also read if the URL is invalid, so that all problems are reported together.
        let isIAM = reader.text(of: CacheSettings.url) != nil && reader.read(CacheSettings.iam)
        let aws = isIAM ? reader.aws() : nil
        guard let settings else { return nil }
        var configuration = RedisConnection.Configuration()
        configuration.database = settings.database
        configuration.certificateBundle = reader.certificateBundle
        switch (settings.authentication, aws) {
        case (.password, _): configuration.login = { [login = settings.login] in login }
        case (.iam(let user), let aws?):
            let host = settings.destination.host
            configuration.login = { try await aws.cacheLogin(user: user, host: host) }
        case (.iam, nil): return nil
        }
        self.settings = settings
        makeClient = { [configuration] in
            RedisClient(to: settings.destination, configuration, isCluster: settings.isCluster)
        }
    }
}

extension CacheUpdater {
    package static let definition = ProcessorDefinition(
        "cache",
        local: .standIn { _, _ in
            let cache = LocalCache()
            return LocalStandIn(cache) { [("cache.json", cache.json)] }
        }
    ) { reader in
        guard let cache = CacheAccess(&reader) else { return nil }
        return { log in CacheUpdater(settings: cache.settings, log: log, makeClient: cache.makeClient) }
    }
}
