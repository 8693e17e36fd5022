// The health check of MongoDB's container: makes the node a replica set of one and the application's account, and passes
// once the node takes writes. While there is no account, MongoDB allows both to a connection from the same machine.
const admin = db.getSiblingDB("admin");
const account = { user: "career_navigator", pwd: process.env.MONGODB_PASSWORD };

try {
  admin.auth(account);
} catch (refused) {
  try {
    rs.initiate({ _id: "rs0", members: [{ _id: 0, host: "mongodb:27017" }] });
  } catch (error) {
    if (error.codeName !== "AlreadyInitialized") throw error;
  }
  if (!db.hello().isWritablePrimary) quit(1);
  // The first account may have no role of another database than admin, and is the one that can make further ones.
  admin.createUser({ ...account, roles: ["root"] });
}
if (!db.hello().isWritablePrimary) quit(1);
