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
        public var loadObjectLimit = 10_000
    }

    /// `REDSHIFT_LOAD`: how rows get into the tables.
    public enum Load: Sendable, Equatable {
        /// The function writes each batch in a transaction.
        case direct
        /// The function writes objects to the bucket, and a loader loads them.
        case staged
    }

    public var warehouse: Warehouse
    /// `REDSHIFT_DATABASE`.
    public var database: String
    public var login: Login
    /// `REDSHIFT_SCHEMA`, in lower case, as Redshift folds names.
    public var schema: String
    public var staging: Staging?
    public var load = Load.direct

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

/// Reading.
extension RedshiftSettings {
    /// - Throws: ``SettingsError`` naming every variable that is wrong.
    public init(environment: [String: String]) throws(SettingsError) {
        var reader = EnvironmentReader(environment)
        guard let settings = RedshiftSettings(&reader), reader.problems.isEmpty else {
            throw SettingsError(problems: reader.problems)
        }
        self = settings
    }

    /// Complains to `reader`; nil when something needed is missing.
    init?(_ reader: inout EnvironmentReader) {
        let workgroup = reader.string("REDSHIFT_WORKGROUP_NAME")
        let cluster = reader.string("REDSHIFT_CLUSTER_IDENTIFIER")
        if workgroup != nil, cluster != nil {
            reader.complain("REDSHIFT_WORKGROUP_NAME and REDSHIFT_CLUSTER_IDENTIFIER are both set; keep one of them")
        } else if workgroup == nil, cluster == nil {
            reader.complain("REDSHIFT_WORKGROUP_NAME or REDSHIFT_CLUSTER_IDENTIFIER must be set for redshift")
        }
        let database = reader.string("REDSHIFT_DATABASE")
        if database == nil { reader.complain("REDSHIFT_DATABASE must be set for redshift") }
        login = Self.login(&reader, isServerless: workgroup != nil)
        schema = Self.schema(&reader)
        staging = Self.staging(&reader)
        load = reader.choice("REDSHIFT_LOAD", ["direct": .direct, "staged": .staged]) ?? .direct
        if load == .staged, staging == nil {
            reader.complain(
                "REDSHIFT_LOAD is staged; REDSHIFT_STAGING_BUCKET and REDSHIFT_COPY_ROLE_ARN must be set, too")
        }
        guard let warehouse = workgroup.map(Warehouse.workgroup) ?? cluster.map(Warehouse.cluster), let database else {
            return nil
        }
        (self.warehouse, self.database) = (warehouse, database)
    }

    private static func login(_ reader: inout EnvironmentReader, isServerless: Bool) -> Login {
        let secret = reader.string("REDSHIFT_SECRET_ARN")
        let user = reader.string("REDSHIFT_DB_USER")
        if secret != nil, user != nil {
            reader.complain(
                "REDSHIFT_SECRET_ARN and REDSHIFT_DB_USER are both set; keep one of them, or neither for IAM")
        } else if user != nil, isServerless {
            reader.complain(
                "REDSHIFT_DB_USER is set beside REDSHIFT_WORKGROUP_NAME; a workgroup takes its user from IAM, "
                    + "or from REDSHIFT_SECRET_ARN")
        }
        if let secret, ARN(secret)?.service != "secretsmanager" {
            reader.complain(
                "REDSHIFT_SECRET_ARN is not the ARN of a secret; expected one such as arn:aws:secretsmanager:...")
        }
        return secret.map(Login.secret) ?? user.map(Login.user) ?? .iam
    }

    private static func schema(_ reader: inout EnvironmentReader) -> String {
        let schema = reader.string("REDSHIFT_SCHEMA") ?? "concert_dw"
        let isName =
            schema.utf8.count <= 127 && schema.utf8.first.map { (0x30...0x39).contains($0) } == false
            && schema.utf8.allSatisfy { isLetterOrDigit($0) || $0 == UInt8(ascii: "_") }
        if !isName {
            reader.complain(
                "REDSHIFT_SCHEMA is \"\(schema)\"; expected up to 127 letters, digits and \"_\", a digit not first")
        }
        return schema.lowercased()
    }

    private static func staging(_ reader: inout EnvironmentReader) -> Staging? {
        let bucket = reader.string("REDSHIFT_STAGING_BUCKET")
        let role = reader.string("REDSHIFT_COPY_ROLE_ARN")
        if let bucket, !BucketName.isValid(bucket) {
            reader.complain("REDSHIFT_STAGING_BUCKET is \"\(bucket)\"; expected \(BucketName.expected)")
        }
        if let role, !isRole(role) {
            reader.complain(
                "REDSHIFT_COPY_ROLE_ARN is \"\(role)\"; expected a role's ARN such as arn:aws:iam::123456789012:role/copy"
            )
        }
        let limit = reader.integer("LOAD_OBJECT_LIMIT", in: 1...50_000)
        switch (bucket, role) {
        case (let bucket?, let role?): return Staging(bucket: bucket, roleARN: role, loadObjectLimit: limit ?? 10_000)
        case (nil, nil): return nil
        case (_?, nil):
            reader.complain("REDSHIFT_COPY_ROLE_ARN must be set, too, for REDSHIFT_STAGING_BUCKET is; or set neither")
        case (nil, _?):
            reader.complain("REDSHIFT_STAGING_BUCKET must be set, too, for REDSHIFT_COPY_ROLE_ARN is; or set neither")
        }
        return nil
    }

    /// It becomes part of SQL.
    private static func isRole(_ arn: String) -> Bool {
        guard let parts = ARN(arn), parts.service == "iam", parts.resource.utf8.starts(with: "role/".utf8) else {
            return false
        }
        return arn.utf8.allSatisfy { isLetterOrDigit($0) || ":/+=,.@_-".utf8.contains($0) }
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    }
}
