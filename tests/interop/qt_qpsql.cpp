// Qt's QPSQL driver: connecting, values, prepared and batch queries, errors, transactions, scrolling,
// catalog, notifications. Prints what run.py reads: one line a test, with what the test saw.

#include <QtCore>
#include <QtSql>
#include <functional>
#include <iostream>

static QString host() { return qEnvironmentVariable("PQP_HOST"); }
static QString port() { return qEnvironmentVariable("PQP_PORT"); }

static QStringList seen;

static void saw(const QVariant &value)
{
    if (value.type() == QVariant::ByteArray)
        seen << QString::fromLatin1(value.toByteArray().toHex());
    else if (value.type() == QVariant::StringList)
        seen << "[" + value.toStringList().join(", ") + "]";
    else
        seen << (value.isNull() ? QString("null") : QString("%1:%2").arg(QString::fromLatin1(value.typeName()), value.toString()));
}

static void test(const char *name, const std::function<bool()> &run)
{
    seen.clear();
    const bool ok = run();
    QString line = QString("%1 - %2\t%3").arg(ok ? "ok" : "not ok", name, seen.join(" ; "));
    line.replace(host(), "HOST").replace(QRegularExpression("\\b" + port() + "\\b"), "PORT").replace("\n", "\\n");
    std::cout << line.toUtf8().constData() << std::endl;
}

static void sawError(const QSqlError &error)
{
    seen << QString("%1 %2 %3 %4").arg(error.type()).arg(error.nativeErrorCode(), error.driverText(), error.databaseText());
}

static bool rows(QSqlQuery &query)
{
    while (query.next())
        for (int i = 0; i < query.record().count(); i++)
            saw(query.value(i));
    return true;
}

static bool run(const QString &sql)
{
    QSqlQuery query;
    if (!query.exec(sql)) {
        sawError(query.lastError());
        return false;
    }
    seen << QString("%1 rows, %2 affected").arg(query.size()).arg(query.numRowsAffected());
    return rows(query);
}

static bool connectAs(const QString &user, const QString &password, const QString &database, const QString &options = {})
{
    bool ok;
    {
        QSqlDatabase db = QSqlDatabase::addDatabase("QPSQL", "other");
        db.setHostName("127.0.0.1");
        db.setPort(port().toInt());
        db.setUserName(user);
        db.setPassword(password);
        db.setDatabaseName(database);
        db.setConnectOptions(options);
        ok = db.open();
        if (!ok) {
            sawError(db.lastError());
        } else {
            QSqlQuery query("select current_user, current_setting('application_name')", db);
            rows(query);
        }
        db.close();
    }
    QSqlDatabase::removeDatabase("other");
    return ok;
}

int main(int argc, char **argv)
{
    QCoreApplication app(argc, argv);
    const QString database = qEnvironmentVariable("PGDATABASE");
    QSqlDatabase db = QSqlDatabase::addDatabase("QPSQL");
    db.setHostName(host());
    db.setPort(port().toInt());
    db.setUserName("postgres");
    db.setDatabaseName(database);

    test("open", [&] {
        const bool ok = db.open();
        if (!ok)
            sawError(db.lastError());
        saw(db.isOpen());
        return ok;
    });
    test("passwords", [&] {
        return connectAs("pqp_password", "pw-password", database) & connectAs("pqp_md5", "pw-md5", database)
            & connectAs("pqp_scram", "pw-scram", database, "application_name=qt;connect_timeout=5");
    });
    test("refusals", [&] {
        return !connectAs("pqp_scram", "no", database) & !connectAs("postgres", "", "absent") & !connectAs("postgres", "", database, "connect_timeout=x");
    });
    test("features", [&] {
        for (int f = QSqlDriver::Transactions; f <= QSqlDriver::CancelQuery; f++)
            saw(db.driver()->hasFeature(QSqlDriver::DriverFeature(f)));
        return true;
    });
    test("values", [&] {
        return run("select 1, -9007199254740993::int8, 2.5::float8, 'it''s \xC3\xBC', true, null::int, 12345678901234567890.5::numeric, "
                   "'2024-02-29'::date, '12:34:56.789'::time, '2024-02-29 12:34:56'::timestamp, '2024-02-29 12:34:56+00'::timestamptz, '\\x00ff27'::bytea");
    });
    test("table", [&] {
        return run("create table qt (id serial primary key, name varchar(30) not null, price numeric(8,2), data bytea)")
            && run("insert into qt (name, price) values ('a', 1.5), ('b', null)") && run("update qt set price = 2 where id = 1") && run("select * from qt order by id");
    });
    test("prepared queries", [&] {
        QSqlQuery query;
        bool ok = query.prepare("insert into qt (name, price, data) values (:name, :price, :data)");
        query.bindValue(":name", QString::fromUtf8("it's \xC3\xBC"));
        query.bindValue(":price", 9.25);
        query.bindValue(":data", QByteArray("\0'\xff\\", 4));
        ok &= query.exec();
        saw(query.lastInsertId());
        saw(query.numRowsAffected());
        ok &= query.prepare("select name, price, data from qt where id = ?");
        for (int id = 1; id <= 3; id++) {
            query.addBindValue(id);
            ok &= query.exec();
            rows(query);
        }
        return ok;
    });
    test("batches", [&] {
        QSqlQuery query;
        query.prepare("insert into qt (name, price) values (?, ?)");
        QVariantList names, prices;
        for (int i = 0; i < 50; i++) {
            names << QString("batch %1").arg(i);
            prices << i;
        }
        query.addBindValue(names);
        query.addBindValue(prices);
        return query.execBatch() && run("select count(*), sum(price) from qt where name like 'batch%'");
    });
    test("errors", [&] {
        bool ok = true;
        for (const char *sql : {"select 1/0", "select * from nowhere", "selec", "insert into qt (id, name) values (1, 'x')"})
            ok &= !run(sql);
        QSqlQuery query;
        ok &= !query.prepare("select * from nowhere where id = ?");
        sawError(query.lastError());
        query.prepare("select ?::int");
        query.addBindValue("x");
        ok &= !query.exec();
        sawError(query.lastError());
        return ok && run("select 1");
    });
    test("transactions", [&] {
        bool ok = db.transaction() && run("delete from qt") && db.rollback() && run("select count(*) from qt");
        ok &= db.transaction() && !run("nonsense") && !run("select 1");
        // the server answers this COMMIT with ROLLBACK, which Qt takes as a failure
        ok &= !db.commit();
        sawError(db.lastError());
        db.rollback();
        return ok && db.transaction() && run("delete from qt where name like 'batch%'") && db.commit() && run("select count(*) from qt");
    });
    test("scrolling", [&] {
        QSqlQuery query("select g from generate_series(1, 500) g");
        const std::function<bool()> moves[] = {[&] { return query.last(); }, [&] { return query.previous(); }, [&] { return query.seek(10); },
                                               [&] { return query.seek(-3, true); }, [&] { return query.first(); }};
        for (const auto &move : moves) {
            saw(move());
            saw(query.value(0));
        }
        saw(query.seek(1000));
        saw(query.size());
        return true;
    });
    test("forward only", [&] {
        QSqlQuery query;
        query.setForwardOnly(true);
        bool ok = query.exec("select g from generate_series(1, 20000) g");
        qlonglong sum = 0, count = 0;
        while (query.next()) {
            sum += query.value(0).toLongLong();
            count++;
        }
        saw(sum);
        saw(count);
        return ok;
    });
    test("several results", [&] {
        QSqlQuery query("select 1; select 2, 'b'; select 3");
        do
            rows(query);
        while (query.nextResult());
        return true;
    });
    test("catalog", [&] {
        saw(db.tables());
        const QSqlRecord record = db.record("qt");
        for (int i = 0; i < record.count(); i++)
            seen << QString("%1 %2 %3 %4").arg(record.field(i).name(), QString::fromLatin1(QVariant::typeToName(record.field(i).type()))).arg(record.field(i).length()).arg(record.field(i).requiredStatus());
        const QSqlIndex key = db.primaryIndex("qt");
        saw(key.name());
        saw(key.count());
        return key.count() == 1;
    });
    test("escaping", [&] {
        saw(db.driver()->escapeIdentifier("a \"b\"", QSqlDriver::FieldName));
        QSqlField text("t", QVariant::String), data("d", QVariant::ByteArray);
        text.setValue("it's \\");
        data.setValue(QByteArray("\0'\xff", 3));
        saw(db.driver()->formatValue(text));
        saw(db.driver()->formatValue(data));
        return true;
    });
    test("table model", [&] {
        QSqlTableModel model(nullptr, db);
        model.setTable("qt");
        model.setFilter("id < 10");
        model.setSort(0, Qt::AscendingOrder);
        model.setEditStrategy(QSqlTableModel::OnManualSubmit);
        bool ok = model.select();
        saw(model.rowCount());
        ok &= model.setData(model.index(0, 1), "changed");
        ok &= model.submitAll();
        if (!ok)
            sawError(model.lastError());
        return ok && run("select name from qt where id = 1");
    });
    test("notifications", [&] {
        QEventLoop loop;
        QObject::connect(db.driver(), QOverload<const QString &, QSqlDriver::NotificationSource, const QVariant &>::of(&QSqlDriver::notification),
                         [&](const QString &name, QSqlDriver::NotificationSource source, const QVariant &payload) {
                             saw(name);
                             saw(int(source));
                             saw(payload);
                             loop.quit();
                         });
        bool ok = db.driver()->subscribeToNotification("a b");
        {
            QSqlDatabase other = QSqlDatabase::cloneDatabase(db, "notifier");
            ok &= other.open();
            QSqlQuery("select pg_notify('a b', 'pay')", other);
        }
        QTimer::singleShot(20000, &loop, &QEventLoop::quit);
        loop.exec();
        saw(db.driver()->subscribedToNotifications());
        QSqlDatabase::removeDatabase("notifier");
        return ok && seen.size() == 4;
    });
    test("large values", [&] {
        QSqlQuery query("select repeat('x', 5000000), decode(repeat('00ff', 1000000), 'hex')");
        query.next();
        saw(query.value(0).toString().size());
        saw(query.value(1).toByteArray().size());
        return true;
    });
    test("killed by the server", [&] {
        run("select pg_terminate_backend(pg_backend_pid())");
        run("select 1");
        saw(db.isOpen());
        return true;
    });
    db.close();
    std::cout << "done" << std::endl;
    return 0;
}
