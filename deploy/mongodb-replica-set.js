// Health check of the MongoDB container. On first start it initiates a replica set of one node and creates the
// application's account. It succeeds once the node accepts writes. MongoDB's localhost exception permits both steps
// as long as no account exists.
const admin = db.getSiblingDB("admin");
const account = { user: "career_navigator", pwd: process.env.MONGODB_PASSWORD };

try {
  admin.auth(account);
} catch (rejected) {
  try {
    rs.initiate({ _id: "rs0", members: [{ _id: 0, host: "mongodb:27017" }] });
  } catch (error) {
    if (error.codeName !== "AlreadyInitialized") throw error;
  }
  if (!db.hello().isWritablePrimary) quit(1);
  // The localhost exception only permits a first account with roles in `admin`. It must be able to create others.
  admin.createUser({ ...account, roles: ["root"] });
}
if (!db.hello().isWritablePrimary) quit(1);
