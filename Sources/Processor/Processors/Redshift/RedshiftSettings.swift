import Clients
import JSON

/// `REDSHIFT_...`: which warehouse is written to, and as whom.
public struct RedshiftSettings: Sendable, Equatable {
    /// What the Data API connects to.
    public enum Warehouse: Sendable, Equatable {
        /// `REDSHIFT_WORKGROUP_NAME`: serverless.
        case workgroup(String)
        /// `REDSHIFT_CLUSTER_IDENTIFIER`: provisioned.
        case cluster(String)
    }

    /// Whom the Data API connects as.
    public enum Login: Sendable, Equatable {
        /// As the database user that belongs to the caller's IAM identity.
        case iam
        /// `REDSHIFT_SECRET_ARN`: as the user that a secret names.
        case secret(String)
        /// `REDSHIFT_DB_USER`: as this user, with temporary credentials.
        case user(String)
    }

    /// `REDSHIFT_STAGING_BUCKET` and `REDSHIFT_COPY_ROLE_ARN`: where rows are copied from.
    public struct Staging: Sendable, Equatable {
        public var bucket: String
        public var roleARN: String
        /// `LOAD_OBJECT_LIMIT`: how many objects one load takes at most.
        public var loadObjectLimit: Int
    }

    /// `REDSHIFT_LOAD`: how rows get into the tables.
    public enum Load: Sendable, Equatable {
        /// The function writes each batch in a transaction; the rows of a big one through a bucket, if there is one.
        case direct(Staging?)
        /// The function writes objects to the bucket, and a loader loads them.
        case staged(Staging)
    }

    public var warehouse: Warehouse
    /// `REDSHIFT_DATABASE`.
    public var database: String
    public var login: Login
    /// `REDSHIFT_SCHEMA`, in lower case, as Redshift folds names.
    public var schema: String
    public var load: Load

    /// The bucket and the role, in either mode.
    public var staging: Staging? {
        switch load {
        case .direct(let staging): staging
        case .staged(let staging): staging
        }
    }

    /// The schema as SQL names it.
    public var quotedSchema: String { "\"\(schema)\"" }

    /// The warehouse in messages.
    public var name: String {
        switch warehouse {
        case .workgroup(let name): "workgroup \(name)"
        case .cluster(let name): "cluster \(name)"
        }
    }

    /// The members of a Data API request that say where and as whom.
    public var connection: [(String, JSONValue?)] {
        var members: [(String, JSONValue?)] = []
        switch warehouse {
        case .workgroup(let name): members.append(("WorkgroupName", .string(name)))
        case .cluster(let name): members.append(("ClusterIdentifier", .string(name)))
        }
        members.append(("Database", .string(database)))
        switch login {
        case .iam: break
        case .secret(let arn): members.append(("SecretArn", .string(arn)))
        case .user(let name): members.append(("DbUser", .string(name)))
        }
        return members
    }
}

/// The variables.
extension RedshiftSettings {
    package static let workgroup = Setting(
        "REDSHIFT_WORKGROUP_NAME", .text("name or ARN"),
        "a serverless workgroup; this or the next must be set, not both")
    package static let cluster = Setting("REDSHIFT_CLUSTER_IDENTIFIER", .text("name"), "a provisioned cluster")
    package static let database = Setting(
        "REDSHIFT_DATABASE", .text("name"), required: "for redshift", "the database of the tables")
    package static let secret = Setting(
        "REDSHIFT_SECRET_ARN", .secretARN, "connect as the user that this secret of Secrets Manager contains")
    package static let user = Setting(
        "REDSHIFT_DB_USER", .text("name"),
        "connect to a cluster as this user, with temporary credentials. Without either: as the user that belongs to the IAM role"
    )
    package static let schema = Setting(
        "REDSHIFT_SCHEMA",
        .text(
            "letters, digits, `_`", expected: "up to 127 letters, digits and \"_\", a digit not first",
            where: isSchema),
        default: "concert_dw", "where the tables are; in any letter case, as Redshift reads names")
    package static let load = Setting<LoadMode>(
        "REDSHIFT_LOAD", .choice(["direct": .direct, "staged": .staged]), default: .direct,
        "`direct`: each batch is a transaction. `staged`: the function writes objects to the bucket, and a loader loads them ([which one](scale.md#direct-or-staged)); requires the next two"
    )
    package static let stagingBucket = Setting(
        "REDSHIFT_STAGING_BUCKET", .bucket,
        "where rows are put for `COPY`: in direct mode those of big batches, in staged mode all; with the next, or neither"
    )
    package static let copyRole = Setting(
        "REDSHIFT_COPY_ROLE_ARN",
        .text(
            "role's ARN", expected: "a role's ARN such as arn:aws:iam::123456789012:role/copy", where: isRole),
        "the role that the warehouse reads the bucket as")
    package static let loadObjectLimit = Setting(
        "LOAD_OBJECT_LIMIT", .integer(1...50_000), default: 10_000, "how many objects one load takes at most")

    /// `REDSHIFT_LOAD`, without what it requires.
    package enum LoadMode: Sendable, Equatable { case direct, staged }
}

/// Reading.
extension RedshiftSettings: SettingsPart {
    package init?(_ reader: inout SettingsReader) {
        let (workgroup, cluster) = (reader.read(Self.workgroup), reader.read(Self.cluster))
        if workgroup != nil, cluster != nil {
            reader.complain("REDSHIFT_WORKGROUP_NAME and REDSHIFT_CLUSTER_IDENTIFIER are both set; keep one of them")
        } else if workgroup == nil, cluster == nil {
            reader.complain("REDSHIFT_WORKGROUP_NAME or REDSHIFT_CLUSTER_IDENTIFIER must be set for redshift")
        }
        let database = reader.required(Self.database)
        login = Self.login(&reader, isServerless: workgroup != nil)
        // As Redshift folds names.
        schema = reader.read(Self.schema).lowercased()
        let mode = reader.read(Self.load)
        let staging = Self.staging(&reader)
        switch (mode, staging) {
        case (.direct, let staging): load = .direct(staging)
        case (.staged, let staging?): load = .staged(staging)
        case (.staged, nil):
            load = .direct(nil)
            reader.complain(
                "REDSHIFT_LOAD is staged; REDSHIFT_STAGING_BUCKET and REDSHIFT_COPY_ROLE_ARN must be set, too")
        }
        guard let warehouse = workgroup.map(Warehouse.workgroup) ?? cluster.map(Warehouse.cluster), let database else {
            return nil
        }
        (self.warehouse, self.database) = (warehouse, database)
    }

    private static func login(_ reader: inout SettingsReader, isServerless: Bool) -> Login {
        let (secret, user) = (reader.read(Self.secret), reader.read(Self.user))
        if secret != nil, user != nil {
            reader.complain(
                "REDSHIFT_SECRET_ARN and REDSHIFT_DB_USER are both set; keep one of them, or neither for IAM")
        } else if user != nil, isServerless {
            reader.complain(
                "REDSHIFT_DB_USER is set beside REDSHIFT_WORKGROUP_NAME; a workgroup takes its user from IAM, "
                    + "or from REDSHIFT_SECRET_ARN")
        }
        return secret.map(Login.secret) ?? user.map(Login.user) ?? .iam
    }

    private static func staging(_ reader: inout SettingsReader) -> Staging? {
        let (bucket, role) = (reader.read(Self.stagingBucket), reader.read(Self.copyRole))
        let limit = reader.read(Self.loadObjectLimit)
        switch (bucket, role) {
        case (let bucket?, let role?): return Staging(bucket: bucket, roleARN: role, loadObjectLimit: limit)
        case (nil, nil): return nil
        case (_?, nil):
            reader.complain("REDSHIFT_COPY_ROLE_ARN must be set, too, for REDSHIFT_STAGING_BUCKET is; or set neither")
        case (nil, _?):
            reader.complain("REDSHIFT_STAGING_BUCKET must be set, too, for REDSHIFT_COPY_ROLE_ARN is; or set neither")
        }
        return nil
    }
}

/// The forms of values; they become part of SQL.
extension RedshiftSettings {
    private static func isSchema(_ name: String) -> Bool {
        name.utf8.count <= 127 && name.utf8.first.map { (0x30...0x39).contains($0) } == false
            && name.utf8.allSatisfy { BucketName.isLetterOrDigit($0) || $0 == UInt8(ascii: "_") }
    }

    private static func isRole(_ arn: String) -> Bool {
        guard let parts = ARN(arn), parts.service == "iam", parts.resource.utf8.starts(with: "role/".utf8) else {
            return false
        }
        return arn.utf8.allSatisfy { BucketName.isLetterOrDigit($0) || ":/+=,.@_-".utf8.contains($0) }
    }
}

extension SettingForm where Value == String {
    /// The ARN of a secret; the text is not quoted, because somebody may have set the secret itself.
    fileprivate static var secretARN: SettingForm {
        SettingForm(.text("ARN")) { arn, faults in
            if ARN(arn)?.service != "secretsmanager" {
                faults.append(
                    .predicate("is not the ARN of a secret; expected one such as arn:aws:secretsmanager:..."))
            }
            return arn
        }
    }
}
